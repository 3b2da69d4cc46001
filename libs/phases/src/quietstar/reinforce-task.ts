import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Rng, type ArtifactName, type Json, type Lineage } from '@agent-forge/contracts';
import { createFamily, DialogueEncoder, drawItem, type TaskItem } from '@agent-forge/data';
import {
  initMixingHead,
  readCheckpoint,
  readModelFolder,
  THINK_TOKENS,
  ThoughtTrainer,
  writeCheckpoint,
  writeModelFolder,
  writeSafetensors,
  type Model,
  type ThoughtForm,
  type ThoughtTexts,
  type TrainState,
  type Weights,
} from '@agent-forge/model';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import type { TaskContext, TaskOutput } from '../task.js';

const FILE = 'checkpoint.safetensors';
/** Of the loss without and with thoughts (Quiet-STaR's repository). */
const BASE_WEIGHT = 0.5;
const TALK_WEIGHT = 0.5;

/** One reinforcement: all that its result depends on. */
export interface ReinforceInput {
  readonly model: string;
  readonly families: readonly string[];
  readonly steps: number;
  readonly rows: number;
  readonly passes: number;
  readonly clamp: boolean;
  readonly temperature: number;
  readonly policyWeight: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** What a reinforcement says of itself: the mean reward of its first and its last tenth, in nats. */
export interface ReinforceOutput {
  readonly firstReward: number;
  readonly lastReward: number;
}

/** Reinforces the thoughts before answers (Zelikman et al. 2024, arXiv:2403.09629, section 4) and stores the model, and its mixing head aside. */
export async function reinforceTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ReinforceInput;
  const dir = join(context.workDir, 'start');
  await context.artifacts.materialise(plan.model, dir);
  const model = await readModelFolder(dir);
  const saved = await lastCheckpoint(context);
  const rewards = [...(saved?.settings.rewards ?? [])];
  const trainer = new ThoughtTrainer(trainerOptions(plan, model, context, saved?.state));
  try {
    const items = itemSource(plan, model);
    let savedMs = performance.now();
    for (let step = saved?.state.step ?? 0; step < plan.steps; step++) {
      context.signal.throwIfAborted();
      const { reward, loss } = await trainer.step(items(step));
      rewards.push(reward);
      context.report({
        fraction: (step + 1) / plan.steps,
        step: step + 1,
        steps: plan.steps,
        metrics: { loss, reward },
      });
      if (performance.now() - savedMs < 1000 * CHECKPOINT_SECONDS) continue;
      await keep(context, trainer.snapshot(), rewards, lineageOf(plan, context));
      savedMs = performance.now();
    }
    const artifacts = await store(context, model, trainer.snapshot().weights, lineageOf(plan, context));
    const tenth = Math.max(1, Math.floor(rewards.length / 10));
    const value: ReinforceOutput = {
      firstReward: mean(rewards.slice(0, tenth)),
      lastReward: mean(rewards.slice(-tenth)),
    };
    return { value: value as unknown as Json, artifacts };
  } finally {
    await trainer.release();
  }
}

/** Seconds that one step takes here, the first apart, which builds its sessions. */
export async function measureReinforceSeconds(
  plan: ReinforceInput,
  model: Model,
  context: Pick<TaskContext, 'threads'>,
): Promise<number> {
  const trainer = new ThoughtTrainer(trainerOptions(plan, model, context));
  try {
    const items = itemSource(plan, model);
    await trainer.step(items(0));
    const begunMs = performance.now();
    await trainer.step(items(1));
    return (performance.now() - begunMs) / 1000;
  } finally {
    await trainer.release();
  }
}

function trainerOptions(
  plan: ReinforceInput,
  { config, weights, tokenizer }: Model,
  { threads }: Pick<TaskContext, 'threads'>,
  resume?: TrainState,
) {
  const { steps, passes, clamp, temperature, policyWeight, learningRate, seed } = plan;
  return {
    config,
    weights: new Map([...weights, ...initMixingHead(config.hiddenSize, seed)]),
    form: formOf(plan, tokenizer!),
    talk: talkOf(plan, tokenizer!),
    temperature,
    advantage: { passes, clamp },
    loss: { base: BASE_WEIGHT, talk: TALK_WEIGHT, policy: policyWeight, temperature },
    optimizer: { name: 'adamw', learningRate, weightDecay: 0, schedule: 'constant', warmup: 0 } as const,
    steps,
    seed,
    session: { threads },
    ...(resume ? { resume } : {}),
  };
}

/** Thoughts are as long as the longest steps of what is taught, and consist of the tokens that these consist of. */
function formOf(plan: ReinforceInput, tokenizer: NonNullable<Model['tokenizer']>): ThoughtForm {
  const steps = samples(plan).map(({ thoughts = '' }) => tokenizer.encode(thoughts));
  return {
    tokens: Math.max(...steps.map((ids) => ids.length)),
    startId: tokenizer.tokenToId(THINK_TOKENS.start)!,
    endId: tokenizer.tokenToId(THINK_TOKENS.end)!,
    padId: tokenizer.padId ?? 0,
    alphabet: [...new Set(steps.flat())].sort((a, b) => a - b),
  };
}

/** Each thought is to help with the whole answer and its end. */
function talkOf(plan: ReinforceInput, tokenizer: NonNullable<Model['tokenizer']>): number {
  const encoder = new DialogueEncoder(tokenizer);
  return Math.max(...samples(plan).map(({ answer }) => encoder.encodeAnswer(answer).length));
}

/** Items that show how long steps and answers are. */
function samples({ families, seed }: ReinforceInput): TaskItem[] {
  return families.flatMap((name) => {
    const rng = Rng.derive(seed, 'quietstar samples', name);
    return Array.from({ length: 64 }, () => drawItem(createFamily(name), 'train', rng));
  });
}

/** Batch k: prompts with their answers, a thought behind each prompt. All rows are as long as the longest item that was seen. */
function itemSource(plan: ReinforceInput, { tokenizer }: Model): (k: number) => ThoughtTexts {
  const encoder = new DialogueEncoder(tokenizer!);
  const families = plan.families.map((name) => createFamily(name));
  const width = Math.max(...samples(plan).map((item) => encoder.encode(item).ids.length));
  const pad = tokenizer!.padId ?? 0;
  return (k) => {
    const rng = Rng.derive(plan.seed, 'quietstar', k);
    const rows = Array.from({ length: plan.rows }, () => {
      const item = drawItem(rng.pick(families), 'train', rng);
      const { ids, learnt } = encoder.encode(item);
      const filling = Array.from({ length: Math.max(0, width - ids.length) });
      return {
        anchor: encoder.encodePrompt(item).length - 1,
        ids: [...ids, ...filling.map(() => pad)].slice(0, width),
        learnt: [...learnt, ...filling.map(() => 0)].slice(0, width),
      };
    });
    return {
      texts: rows.map(({ ids }) => ids),
      anchors: rows.map(({ anchor }) => [anchor]),
      learnt: rows.map(({ learnt }) => learnt),
    };
  };
}

interface Settings {
  readonly rewards: readonly number[];
}

async function keep(
  context: TaskContext,
  state: TrainState,
  rewards: readonly number[],
  lineage: Lineage,
): Promise<void> {
  const dir = join(context.workDir, 'checkpoint');
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir);
  await writeCheckpoint(join(dir, FILE), state, { rewards } satisfies Settings);
  const artifact = await context.artifacts.putFolder(dir, 'checkpoint', { kind: 'checkpoint', lineage });
  await context.saveCheckpoint({ state: { step: state.step }, artifacts: [artifact] });
}

async function lastCheckpoint({ checkpoint, artifacts, workDir }: TaskContext) {
  const artifact = checkpoint?.artifacts[0];
  if (artifact === undefined) return undefined;
  const dir = join(workDir, 'resumed');
  await artifacts.materialise(artifact.id, dir);
  return readCheckpoint<Settings>(join(dir, FILE));
}

/** @returns the model, which needs no mixing head, and the head as a file of its own */
async function store(context: TaskContext, model: Model, weights: Weights, lineage: Lineage): Promise<ArtifactName[]> {
  const isHead = (name: string) => name.startsWith('mixing_head');
  const [own, head] = [false, true].map((wanted) => new Map([...weights].filter(([name]) => isHead(name) === wanted)));
  const dir = join(context.workDir, 'reinforced');
  await writeModelFolder(dir, { ...model, weights: own! });
  const side = join(context.workDir, 'mixing-head');
  await mkdir(side);
  await writeSafetensors(join(side, 'mixing_head.safetensors'), head!);
  return [
    await context.artifacts.putFolder(dir, 'reinforced', { kind: 'model', lineage }),
    await context.artifacts.putFolder(side, 'mixing-head', { kind: 'export', lineage }),
  ];
}

function lineageOf({ model, seed, ...params }: ReinforceInput, { codeVersion }: TaskContext): Lineage {
  return { parents: [model], data: [], phase: 'quietstar', params: { ...params }, seed, codeVersion, metrics: {} };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
