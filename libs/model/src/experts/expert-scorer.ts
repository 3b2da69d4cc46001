import type { HostTensor } from '@agent-forge/tensor';
import { SequenceScorer, type ScorerOptions, type TokenScorer } from '../evaluation/sequence-scorer.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import type { Model } from '../weights.js';
import type { Decomposition } from './svd.js';
import { scaledTensors, type Scales } from './svf.js';

/** Scores tokens with one expert after another in one session: for whoever compares hundreds of them. */
export class ExpertScorer {
  private constructor(private readonly scorer: SequenceScorer) {}

  /** @param form any scales of the form that {@link of} will get */
  static async create(
    model: Model,
    decomposition: Decomposition,
    form: Scales,
    options: Omit<ScorerOptions, 'rule'> = {},
  ): Promise<ExpertScorer> {
    const scorer = await SequenceScorer.create(model, {
      ...options,
      rule(tensors) {
        const { graph } = tensors.values().next().value!;
        const scales = new Map([...form].map(([name, { shape }]) => [name, graph.floatInput(inputOf(name), shape)]));
        return parameterRule(model.config)(scaledTensors(tensors, decomposition, scales));
      },
    });
    return new ExpertScorer(scorer);
  }

  /** The model with its singular values scaled. */
  of(scales: Scales): TokenScorer {
    const inputs = [...scales].map(([name, { shape, data }]): [string, HostTensor] => [
      inputOf(name),
      { dtype: 'float32', shape, data },
    ]);
    const more = Object.fromEntries(inputs);
    const { scorer } = this;
    return { maxLength: scorer.maxLength, score: (sequences) => scorer.score(sequences, more) };
  }

  release(): Promise<void> {
    return this.scorer.release();
  }
}

function inputOf(name: string): string {
  return `scales/${name}`;
}
