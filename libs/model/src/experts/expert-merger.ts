import { Graph, Session, type SessionOptions } from '@agent-forge/tensor';
import type { Weights } from '../weights.js';
import type { Decomposition } from './svd.js';
import { constants, scaledTensors, type Scales } from './svf.js';

/** Computes the weights of experts, with the same operations as their training did. One session serves all experts of a model with one number of scales. */
export class ExpertMerger {
  private constructor(
    private readonly session: Session,
    private readonly base: Weights,
  ) {}

  /** @param form any scales of the form that {@link weights} will get */
  static async create(
    base: Weights,
    decomposition: Decomposition,
    form: Scales,
    options: SessionOptions = {},
  ): Promise<ExpertMerger> {
    const graph = new Graph();
    const scales = new Map([...form].map(([name, { shape }]) => [name, graph.floatInput(`scales/${name}`, shape)]));
    const matrices = new Map([...form.keys()].map((name) => [name, base.get(name)!]));
    const merged = scaledTensors(constants(graph, matrices), decomposition, scales);
    return new ExpertMerger(await Session.of(graph, Object.fromEntries(merged), options), base);
  }

  /** The weights of a model with its singular values scaled; those that are not are shared with it. */
  async weights(scales: Scales): Promise<Weights> {
    const feeds = [...scales].map(([name, { shape, data }]) => [`scales/${name}`, { dtype: 'float32', shape, data }]);
    const merged = await this.session.run(Object.fromEntries(feeds));
    return new Map(
      [...this.base].map(([name, tensor]) => {
        const found = merged[name];
        return [name, found ? { shape: tensor.shape, data: (found.data as Float32Array).slice() } : tensor];
      }),
    );
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
