import { ForgeError } from '@agent-forge/contracts';
import {
  Graph,
  Session,
  type SessionOptions,
  type StepReport,
  TrainLoop,
  buildTrainProgram,
} from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import type { ParameterRule } from '../network/llama.js';
import {
  type OptimizerOptions,
  makeOptimizer,
  makeSchedule,
  parametersOf,
  resolveOptimizer,
} from '../training/optimizer-options.js';
import type { TrainState } from '../training/train-language-model.js';
import type { Weights } from '../weights.js';
import { type AdvantageOptions, advantages, rewards } from './advantage.js';
import type { ThoughtRows } from './layout.js';
import {
  type PolicyForm,
  type ThoughtShape,
  type ThoughtWeights,
  thoughtFields,
  thoughtLoss,
  thoughtPass,
} from './objective.js';
import { type ThoughtForm, ThoughtSampler, type WeightInputs, weightInputs } from './sampler.js';
import { type TalkBatch, talkBatch } from './talk-batch.js';

/** What a training of thoughts is told. */
export interface ThoughtTrainerOptions {
  readonly config: LlamaConfig;
  /** Weights of the model and of its mixing head. */
  readonly weights: Weights;
  readonly form: ThoughtForm;
  /** True tokens ahead that each thought is to help with. */
  readonly talk: number;
  /** Of thoughts while training. */
  readonly temperature: number;
  readonly advantage: AdvantageOptions;
  /** Whether the model is to begin thoughts by itself at their places, as before answers; not within running text, where they stand anywhere. */
  readonly begins?: boolean;
  readonly loss: ThoughtWeights;
  readonly optimizer: OptimizerOptions;
  /** Optimiser steps in all, on which the schedule depends. */
  readonly steps: number;
  readonly seed: number | string;
  /** Goes on from here. */
  readonly resume?: TrainState;
  readonly rule?: ParameterRule;
  readonly session?: SessionOptions;
}

/** One batch: the texts of one pass, with the places of their thoughts. All batches have the same sizes. */
export interface ThoughtTexts extends ThoughtRows {
  /** 1 for each token whose prediction counts. */
  readonly learnt: readonly (readonly number[])[];
  /** Which texts are thought about; of the others nothing but predictions without thoughts is learnt. All when left out. */
  readonly thinking?: readonly boolean[];
}

/** Trains a model to think (Quiet-STaR): thinks, talks, and learns from what the thoughts were worth. */
export class ThoughtTrainer {
  private loop: TrainLoop | undefined;
  private judge: Session | undefined;
  private readonly sampler: ThoughtSampler;
  private readonly factor: (step: number) => number;
  private done = 0;

  constructor(private readonly options: ThoughtTrainerOptions) {
    const { config, weights, form, rule, session = {} } = options;
    const shapes = new Map(
      [...weights].filter(([name]) => !name.startsWith('mixing_head')).map(([name, t]) => [name, t.shape]),
    );
    this.sampler = new ThoughtSampler(config, shapes, form, { ...session, ...(rule ? { rule } : {}) });
    this.factor = makeSchedule(resolveOptimizer(options.optimizer), options.steps);
    this.done = options.resume?.step ?? 0;
  }

  /**
   * One optimiser step.
   * @throws ForgeError DIVERGED
   */
  async step(texts: ThoughtTexts): Promise<StepReport & { readonly reward: number }> {
    const { form, talk, seed, temperature, advantage } = this.options;
    const rows = repeat(texts, advantage.passes);
    const weights = this.weightInputs();
    const blocks = await this.sampler.write(weights, rows, { temperature, seed: `${seed}/${this.done}` });
    const batch = talkBatch(rows, blocks, talk, rows.learnt, form.padId);
    const { baseNll, talkNll } = await this.judged(weights, batch);
    const thoughts = blocks[0]!.length;
    const isThinking = (thought: number) => rows.thinking?.[Math.floor(thought / rows.anchors[0]!.length)] ?? true;
    const counts = batch.counts.map((count, i) => (isThinking(batch.thoughtOf[i]!) ? count : 0));
    // Where nothing counts there is neither reward nor advantage.
    const reward = rewards(baseNll, talkNll, batch.thoughtOf, counts, thoughts);
    const weighed = advantages(reward, advantage);
    const judged = Math.max(1, reward.filter((_, thought) => isThinking(thought)).length);
    const perToken = (thought: number) => (isThinking(thought) ? 1 / (judged * (form.tokens + 2)) : 0);
    const loop = (this.loop ??= await this.createLoop(batch.shape));
    const inputs = Object.fromEntries(Object.entries(batch.inputs).map(([name, { data }]) => [name, data]));
    const share = (values: Float32Array) => {
      const total = values.reduce((sum, value) => sum + value, 0);
      return total === 0 ? values : values.map((value) => value / total);
    };
    if (!batch.counts.some((count) => count > 0))
      throw new ForgeError(
        'DATA_INVALID',
        'no token behind a thought counts; place thoughts before tokens that are learnt',
      );
    const [report] = await loop.advance(
      [
        {
          ...inputs,
          baseWeights: share(batch.counts),
          talkWeights: share(counts),
          sampleWeights: Float32Array.from({ length: batch.shape.samples }, (_, i) =>
            perToken(Math.floor(i / form.tokens)),
          ),
          // Starts and ends take turns.
          markWeights: Float32Array.from({ length: batch.shape.marks }, (_, i) =>
            i % 2 === 0 && !this.options.begins ? 0 : perToken(Math.floor(i / 2)),
          ),
          advantage: Float32Array.from(
            { length: batch.shape.samples },
            (_, i) => weighed[Math.floor(i / form.tokens)]! / judged,
          ),
        },
      ],
      this.factor,
    );
    this.done += 1;
    if (!Number.isFinite(report!.loss))
      throw new ForgeError('DIVERGED', `training diverged: the loss of step ${report!.step} is ${report!.loss}`);
    return { ...report!, reward: reward.reduce((sum, r) => sum + r, 0) / judged };
  }

  /** Where the training stands, copied: enough to go on with exactly the same bytes. */
  state(): TrainState {
    const copy = [...this.weights()].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }] as const);
    const optimizer = this.loop?.state() ?? new Map(this.options.resume?.optimizer);
    return { step: this.done, steps: this.options.steps, weights: new Map(copy), optimizer };
  }

  /** The weights as they are now; good until the next step. */
  weights(): Weights {
    const { weights, resume } = this.options;
    return new Map(
      [...(resume?.weights ?? weights)].map(([name, { shape, data }]) => [
        name,
        { shape, data: (this.loop?.value(name) as Float32Array | undefined) ?? data },
      ]),
    );
  }

  async release(): Promise<void> {
    await this.sampler.release();
    await this.judge?.release();
    await this.loop?.release();
  }

  private weightInputs(): WeightInputs {
    return weightInputs(this.weights());
  }

  private async judged(
    weights: WeightInputs,
    batch: TalkBatch,
  ): Promise<{ baseNll: Float32Array; talkNll: Float32Array }> {
    this.judge ??= await this.createJudge(batch.shape);
    const { baseNll, talkNll } = await this.judge.run({ ...weights, ...batch.inputs });
    return { baseNll: baseNll!.data as Float32Array, talkNll: talkNll!.data as Float32Array };
  }

  /** Thoughts are drawn from their alphabet, so the policy is over it alone: over all ids the gradient would have another mean. */
  private loss(): ThoughtWeights {
    const { loss, form } = this.options;
    return { ...loss, alphabet: form.alphabet, marks: [form.startId, form.endId] };
  }

  private createJudge(shape: ThoughtShape): Promise<Session> {
    const { config, weights, rule, session } = this.options;
    const loss = this.loss();
    return thoughtJudge(config, weights, shape, loss, rule, session);
  }

  private async createLoop(shape: ThoughtShape): Promise<TrainLoop> {
    const { config, weights, optimizer, resume, rule, session } = this.options;
    const resolved = resolveOptimizer(optimizer);
    const program = buildTrainProgram({
      parameters: parametersOf(weights),
      batch: thoughtFields(shape),
      loss: thoughtLoss(config, shape, this.loss(), rule),
      optimizer: makeOptimizer(resolved),
      ...(resolved.clipNorm > 0 ? { clipNorm: resolved.clipNorm } : {}),
    });
    const loop = await TrainLoop.create(program, new Map([...weights].map(([name, t]) => [name, t.data])), session);
    if (resume) {
      const values = [...resume.weights].map(([name, t]) => [name, t.data] as const);
      loop.restore(resume.step, new Map([...values, ...resume.optimizer]));
    }
    return loop;
  }
}

/** A session that says what targets cost without and with their thoughts; weights are inputs. */
export function thoughtJudge(
  config: LlamaConfig,
  weights: Weights,
  shape: ThoughtShape,
  options: PolicyForm,
  rule?: ParameterRule,
  session?: SessionOptions,
): Promise<Session> {
  const graph = new Graph();
  const tensors = new Map([...weights].map(([name, t]) => [name, graph.floatInput(name, t.shape)]));
  const fields = Object.entries(thoughtFields(shape)).filter(
    ([name]) => !name.endsWith('Weights') && name !== 'advantage',
  );
  const batch = Object.fromEntries(
    fields.map(([name, { dtype, shape: dims }]) => [name, graph.input(name, dtype, dims)]),
  );
  return Session.of(graph, { ...thoughtPass(graph, config, tensors, batch, shape, options, rule) }, session);
}

/** The same texts once for each pass. */
function repeat(texts: ThoughtTexts, passes: number): ThoughtTexts {
  const again = <T>(values: readonly T[]): T[] => Array.from({ length: passes }, () => values).flat();
  return {
    texts: again(texts.texts),
    anchors: again(texts.anchors),
    learnt: again(texts.learnt),
    ...(texts.thinking ? { thinking: again(texts.thinking) } : {}),
  };
}
