import { ForgeError } from '@agent-forge/contracts';
import { createGenerator } from '../generation/token-generator.js';
import type { BatchSource, TokenBatch } from '../training/batch.js';
import type { Interlude } from '../training/train-language-model.js';
import type { Model } from '../weights.js';
import { ExpertMerger } from './expert-merger.js';
import type { Decomposition } from './svd.js';
import type { Scales } from './svf.js';

/** Prompts that are computed together. */
const BATCH_SIZE = 64;

/** A question whose right answer is known. */
export interface Question {
  readonly prompt: readonly number[];
  /** Ids of the right answer, its end token among them. */
  readonly answer: readonly number[];
}

/** What a policy is trained with. */
export interface PolicyOptions {
  /** The questions of a step, a function of the step alone; always as many. */
  readonly questions: (step: number) => readonly Question[];
  /** Tokens of an answer at most. */
  readonly answerTokens: number;
  /** Tokens of a prompt at most. */
  readonly promptTokens: number;
  /** At which answers are drawn. */
  readonly temperature: number;
  readonly seed: number | string;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** An answer to a question, and whether it is right. */
export interface Attempt {
  readonly prompt: readonly number[];
  readonly written: readonly number[];
  readonly isRight: boolean;
}

/**
 * REINFORCE for an expert (Williams 1992; Sun et al. 2025, arXiv:2501.06252, section 3.2): before every step the expert answers questions by chance, an
 * answer is worth 1 when it is right and −1 when not, and the step's loss is the mean of −(reward − mean reward) · log p(answer). So it is a source of
 * batches, whose weights are those advantages, and the work between steps that fills it.
 */
export class ExpertPolicy implements BatchSource, Interlude {
  readonly every = 1;
  readonly packed = false;
  readonly isWeighted = true;
  private current: TokenBatch | undefined;

  private constructor(
    readonly rows: number,
    readonly length: number,
    private readonly model: Model,
    private readonly merger: ExpertMerger,
    private readonly options: PolicyOptions,
  ) {}

  /** @param form any scales of the form of the expert's */
  static async create(
    model: Model,
    decomposition: Decomposition,
    form: Scales,
    options: PolicyOptions,
  ): Promise<ExpertPolicy> {
    const { promptTokens, answerTokens, threads } = options;
    const session = threads === undefined ? {} : { threads };
    const merger = await ExpertMerger.create(model.weights, decomposition, form, session);
    const rows = options.questions(0).length;
    return new ExpertPolicy(rows, promptTokens + answerTokens - 1, model, merger, options);
  }

  async run(step: number, scales: Scales): Promise<void> {
    const attempts = await this.answer(scales, step);
    this.current = policyBatch(attempts, this.length);
  }

  /** What the interlude before this step has filled. */
  batch(k: number): TokenBatch {
    if (this.current === undefined)
      throw new ForgeError('INVALID_ARGUMENT', `the answers of step ${k} have not been written`);
    return this.current;
  }

  release(): Promise<void> {
    return this.merger.release();
  }

  /** Answers to a step's questions, drawn from the expert. */
  private async answer(scales: Scales, step: number): Promise<Attempt[]> {
    const { questions, answerTokens: maxTokens, temperature, seed, threads, signal } = this.options;
    const asked = questions(step);
    const written: number[][] = asked.map(() => []);
    const expert = { ...this.model, weights: await this.merger.weights(scales) };
    const options = { maxContext: this.length + 1, batchSize: BATCH_SIZE };
    const generator = await createGenerator(expert, { ...options, ...(threads === undefined ? {} : { threads }) });
    try {
      const prompts = asked.map(({ prompt }) => prompt);
      const how = { maxTokens, temperature, seed: `${seed}/${step}`, ...(signal ? { signal } : {}) };
      for await (const { prompt, tokenId } of generator.generate(prompts, how)) written[prompt]!.push(tokenId);
    } finally {
      await generator.release();
    }
    return asked.map(({ prompt, answer }, i) => {
      const own = written[i]!;
      return { prompt, written: own, isRight: own.length === answer.length && own.every((id, t) => id === answer[t]) };
    });
  }
}

/** One answer a row, padded at its end; each of its tokens counts with the answer's advantage, (reward − mean reward) / answers. */
export function policyBatch(attempts: readonly Attempt[], length: number): TokenBatch {
  const size = attempts.length * length;
  const batch: TokenBatch = {
    inputIds: new Int32Array(size),
    targets: new Int32Array(size),
    lossMask: new Float32Array(size),
    positionIds: Int32Array.from({ length: size }, (_, i) => i % length),
    segmentIds: new Int32Array(size),
  };
  const weights = advantagesOf(attempts.map(({ isRight }) => (isRight ? 1 : -1)));
  for (const [row, { prompt, written }] of attempts.entries()) {
    const ids = [...prompt, ...written];
    for (let t = 0; t + 1 < ids.length; t++) {
      const at = row * length + t;
      batch.inputIds[at] = ids[t]!;
      batch.targets[at] = ids[t + 1]!;
      if (t + 1 >= prompt.length) batch.lossMask[at] = weights[row]! / attempts.length;
    }
  }
  return batch;
}

/** Rewards less their mean. */
export function advantagesOf(rewards: readonly number[]): number[] {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  return rewards.map((reward) => reward - mean);
}
