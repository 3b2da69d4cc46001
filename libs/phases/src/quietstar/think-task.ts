import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type DataSource, type Json, type Lineage } from '@agent-forge/contracts';
import {
  initMixingHead,
  readModelFolder,
  ThoughtTrainer,
  writeModelFolder,
  writeSafetensors,
  type Model,
  type ThoughtWeights,
  type TrainState,
  type Weights,
} from '@agent-forge/model';
import { readCorpus } from '../shared/corpus.js';
import type { FamilyMix } from '../shared/families.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { keepTraining, keptTraining } from '../shared/training-checkpoint.js';
import type { TaskContext, TaskOutput } from '../task.js';
import type { ThinkingForm } from './form.js';
import { itemTexts, windowTexts, type TextsOf } from './texts.js';

/** The model that thinks, and its controls: pauses instead of thoughts, and no thoughts at all. */
export type Arm = 'thoughts' | 'pause' | 'none';

/** One reinforcement, or its control: all that its result depends on. */
export interface ThinkInput {
  readonly arm: Arm;
  /** The role of the model that it makes. */
  readonly role: string;
  readonly from: string;
  readonly form: ThinkingForm;
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly talkTokens: number;
  readonly passes: number;
  readonly temperature: number;
  readonly reinforceTemperature: number;
  readonly clamp: boolean;
  readonly policyWeight: number;
  readonly baseWeight: number;
  readonly mixingStart: number;
  readonly thoughtsPerText: number;
  readonly rowLength: number;
  readonly rows: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** Figures of a step, on the train part. */
interface Figures {
  /** Nats that thoughts saved, on average. */
  readonly reward: number;
  /** Share of the thought that the mixing head takes. */
  readonly share: number;
}

/** What a reinforcement says of itself, over the last tenth of its steps. */
export interface ThinkOutput extends Figures {
  readonly steps: number;
  readonly seconds: number;
}

/** What a checkpoint says besides its file: figures of the last tenth so far. */
interface Settings {
  readonly tail: readonly Figures[];
}

/** Figures are of the steps after this part of them. */
const TAIL = 0.9;
const HEAD_PREFIX = 'mixing_head';
/** Of the losses with the head, with thoughts as ordinary tokens, and of their form: the model that goes on has no head. */
const WEIGHTS = { talk: 0.5, alone: 0.5, form: 0.5 };

/** Reinforces a model's thoughts and stores it without its mixing head, which is an artifact of its own. */
export async function thinkTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ThinkInput;
  const started = performance.now();
  await context.artifacts.materialise(plan.from, join(context.workDir, 'start'));
  const model = await readModelFolder(join(context.workDir, 'start'));
  const textsOf = await source(plan, model, context);
  const saved = await keptTraining<Settings>(context);
  const trainer = createTrainer(plan, model, saved?.state, context.threads);
  try {
    const tail = await train(plan, trainer, textsOf, saved?.settings.tail ?? [], context);
    const { weights } = trainer.state();
    const seconds = (performance.now() - started) / 1000;
    const artifacts = await store(plan, model, weights, context);
    const value: ThinkOutput = { steps: plan.steps, ...tail, seconds };
    return { value: value as unknown as Json, artifacts };
  } finally {
    await trainer.release();
  }
}

async function source(plan: ThinkInput, model: Model, context: TaskContext): Promise<TextsOf> {
  const { rows, families, form, data, rowLength, thoughtsPerText } = plan;
  const shape = { rows, seed: `${plan.seed}/think` };
  if (form.families.length > 0) return itemTexts(model.tokenizer!, families, form.families, shape);
  const { train: texts } = await readCorpus({ ...context, data: data as readonly DataSource[] });
  return windowTexts(model.tokenizer!, texts, rowLength, thoughtsPerText, shape);
}

function createTrainer(plan: ThinkInput, model: Model, saved: TrainState | undefined, threads: number): ThoughtTrainer {
  const { arm, form, passes, clamp, seed, steps, learningRate } = plan;
  const { tokens, startId, endId, alphabet } = form;
  // Controls draw nothing, so that all passes over a text would be the same: one of them has the same gradient.
  const isThinking = arm === 'thoughts';
  return new ThoughtTrainer({
    config: model.config,
    weights: new Map([...model.weights, ...initMixingHead(model.config.hiddenSize, `${seed}/head`, plan.mixingStart)]),
    form: { tokens, startId, endId, padId: model.tokenizer!.padId ?? 0, alphabet: isThinking ? alphabet : [startId] },
    talk: plan.talkTokens,
    temperature: plan.temperature,
    advantage: { passes: isThinking ? passes : 1, clamp },
    loss: lossOf(plan),
    begins: form.families.length > 0,
    optimizer: { name: 'adamw', learningRate },
    steps,
    seed: `${seed}/thoughts`,
    ...(saved ? { resume: saved } : {}),
    session: { threads },
  });
}

function lossOf({
  arm,
  baseWeight: base,
  policyWeight,
  reinforceTemperature: temperature,
}: ThinkInput): ThoughtWeights {
  if (arm === 'none') return { base: 1, talk: 0, policy: 0, temperature };
  if (arm === 'pause') return { ...WEIGHTS, base, form: 0, policy: 0, temperature };
  return { ...WEIGHTS, base, policy: policyWeight, temperature };
}

/** @returns means over the last tenth of the steps */
async function train(
  plan: ThinkInput,
  trainer: ThoughtTrainer,
  textsOf: TextsOf,
  before: readonly Figures[],
  host: TaskContext,
): Promise<Figures> {
  const { steps } = plan;
  const tail = [...before];
  let savedMs = performance.now();
  for (let { step } = trainer.state(); step < steps; step++) {
    if (host.signal.aborted || performance.now() - savedMs > 1000 * CHECKPOINT_SECONDS) {
      await keepTraining(host, trainer.state(), { tail }, lineageOf(plan, host));
      savedMs = performance.now();
    }
    if (host.signal.aborted) throw new ForgeError('CANCELLED', `thinking was stopped at step ${step} of ${steps}`);
    const { loss, reward, metrics } = await trainer.step(textsOf(step));
    if (step >= TAIL * steps - 1) tail.push({ reward, share: metrics['share']! });
    host.report({ fraction: (step + 1) / steps, step: step + 1, steps, metrics: { loss, reward } });
  }
  const mean = (name: keyof Figures) => tail.reduce((sum, each) => sum + each[name], 0) / tail.length;
  return { reward: mean('reward'), share: mean('share') };
}

async function store(plan: ThinkInput, model: Model, trained: Weights, context: TaskContext) {
  const lineage = lineageOf(plan, context);
  const isHead = (name: string) => name.startsWith(HEAD_PREFIX);
  const dir = join(context.workDir, plan.role);
  await writeModelFolder(dir, { ...model, weights: new Map([...trained].filter(([name]) => !isHead(name))) });
  const stored = await context.artifacts.putFolder(dir, plan.role, { kind: 'model', lineage });
  if (plan.arm !== 'thoughts') return [stored];
  const side = join(context.workDir, 'mixing-head');
  await mkdir(side);
  await writeSafetensors(join(side, 'mixing_head.safetensors'), new Map([...trained].filter(([name]) => isHead(name))));
  return [stored, await context.artifacts.putFolder(side, 'mixing-head', { kind: 'checkpoint', lineage })];
}

function lineageOf({ from, data, seed, ...params }: ThinkInput, { codeVersion }: TaskContext): Lineage {
  return {
    parents: [from],
    data: data.map(({ artifactId }) => artifactId),
    phase: 'quietstar',
    params,
    seed,
    codeVersion,
    metrics: {},
  };
}
