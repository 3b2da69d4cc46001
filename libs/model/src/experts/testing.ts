import { gradients, Graph, type HostTensor, Session } from '@agent-forge/tensor';
import { batchFields, languageModelLoss } from '../training/language-model-loss.js';
import type { Model } from '../weights.js';
import type { Decomposition } from './svd.js';
import { expertRule, type Scales } from './svf.js';

/** Rows of tokens with the weight of each target in the loss. */
export interface WeighedRows {
  readonly rows: number;
  readonly length: number;
  readonly inputIds: ArrayLike<number>;
  readonly targets: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

/** The loss of an expert and its gradient by every scale, in float64, for tests. */
export class ExpertLoss {
  private constructor(
    private readonly session: Session,
    private readonly shapes: ReadonlyMap<string, readonly number[]>,
  ) {}

  static async create(
    { config, weights }: Model,
    decomposition: Decomposition,
    form: Scales,
    { rows, length }: Pick<WeighedRows, 'rows' | 'length'>,
  ): Promise<ExpertLoss> {
    const graph = new Graph({ float: 'float64' });
    const scales = new Map([...form].map(([name, { shape }]) => [name, graph.floatInput(name, shape)]));
    const shape = { rows, length, packed: false };
    const batch = Object.entries(batchFields(shape)).map(([name, field]) => {
      const dtype = field.dtype === 'float32' ? 'float64' : field.dtype;
      return [name, graph.input(`batch/${name}`, dtype, field.shape)] as const;
    });
    const rule = expertRule(config, weights, decomposition);
    const { loss } = languageModelLoss(config, shape, rule)(graph, scales, Object.fromEntries(batch));
    const found = gradients(loss, [...scales.values()]);
    const outputs = Object.fromEntries([...scales.keys()].map((name, i) => [`grad/${name}`, found[i]!]));
    const session = await Session.of(graph, { loss, ...outputs }, { threads: 1 });
    return new ExpertLoss(session, new Map([...form].map(([name, { shape: own }]) => [name, own])));
  }

  async run(scales: ReadonlyMap<string, ArrayLike<number>>, batch: WeighedRows) {
    const shape = [batch.rows, batch.length];
    const feeds: Record<string, HostTensor> = {
      'batch/inputIds': { dtype: 'int32', shape, data: Int32Array.from(batch.inputIds) },
      'batch/targets': { dtype: 'int32', shape, data: Int32Array.from(batch.targets) },
      'batch/weights': { dtype: 'float64', shape, data: Float64Array.from(batch.weights) },
    };
    for (const [name, own] of this.shapes)
      feeds[name] = { dtype: 'float64', shape: own, data: Float64Array.from(scales.get(name)!) };
    const results = await this.session.run(feeds);
    const gradient = new Map(
      [...this.shapes.keys()].map((name) => [name, Array.from(results[`grad/${name}`]!.data as Float64Array)]),
    );
    return { loss: (results['loss']!.data as Float64Array)[0]!, gradient };
  }

  release(): Promise<void> {
    return this.session.release();
  }
}
