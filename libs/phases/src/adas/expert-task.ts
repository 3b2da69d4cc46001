import { join } from 'node:path';
import { Rng, type Json, type Lineage } from '@agent-forge/contracts';
import { createFamily, drawItem } from '@agent-forge/data';
import {
  expertRule,
  ExpertPolicy,
  initScales,
  readDecomposition,
  readModelFolder,
  weightsDigest,
  writeExpertPack,
  type Decomposition,
  type Model,
  type OptimizerOptions,
  type Question,
  type Scales,
} from '@agent-forge/model';
import { encoderOf } from '../shared/families.js';
import { mixtureSource } from '../shared/mixture.js';
import { textsOf } from '../shared/train-task.js';
import { trainWithRollback, type RecoverableTraining, type Steering } from '../shared/train-with-rollback.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { DECOMPOSITION_FILE } from './decompose-task.js';
import type { Domain } from './domains.js';

/** One expert: all that it depends on. */
export interface ExpertInput {
  readonly from: string;
  readonly decomposition: string;
  readonly domain: Domain;
  readonly method: 'next-token' | 'reinforce';
  /** Singular values of each matrix that are scaled; null for all. */
  readonly singularValues: number | null;
  readonly rows: number;
  readonly rowLength: number;
  /** In reinforce. */
  readonly answers: number;
  readonly temperature: number;
  readonly steps: number;
  readonly optimizer: OptimizerOptions;
  readonly maxRollbacks: number;
  readonly seed: number;
}

/** Items of a family whose longest prompt and answer decide how long rows are. */
const PROBES = 256;

/** What an expert's training starts from. */
export interface ExpertStart {
  readonly model: Model;
  readonly decomposition: Decomposition;
}

/** Trains the expert of a domain, the base model standing still, and stores it as a pack of one. */
export async function expertTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ExpertInput;
  const start = await readStart(plan, context);
  const { training, release } = await expertTraining(plan, start, context);
  try {
    const { model, finalLoss, rollbacks } = await trainWithRollback(
      { ...training, lineage: lineageOf(plan, context) },
      context,
    );
    const { name } = plan.domain;
    const dir = join(context.workDir, 'expert');
    await writeExpertPack(dir, {
      base: weightsDigest(start.model.weights),
      experts: [{ name, domains: [name], scales: model.weights }],
    });
    const lineage = lineageOf(plan, context);
    const stored = await context.artifacts.putFolder(dir, 'expert', { kind: 'expert-pack', lineage });
    return { value: { finalLoss, rollbacks } as unknown as Json, artifacts: [stored] };
  } finally {
    await release();
  }
}

/** The model and its decomposition, out of the store. */
export async function readStart(
  { from, decomposition }: Pick<ExpertInput, 'from' | 'decomposition'>,
  { artifacts, workDir }: Pick<TaskContext, 'artifacts' | 'workDir'>,
): Promise<ExpertStart> {
  await artifacts.materialise(from, join(workDir, 'base'));
  await artifacts.materialise(decomposition, join(workDir, 'decomposed'));
  return {
    model: await readModelFolder(join(workDir, 'base')),
    decomposition: await readDecomposition(join(workDir, 'decomposed', DECOMPOSITION_FILE)),
  };
}

/** The training of an expert, whose tensors are its scales; what it holds is released at the end. */
export async function expertTraining(
  plan: ExpertInput,
  { model, decomposition }: ExpertStart,
  context: Pick<TaskContext, 'artifacts' | 'workDir' | 'threads' | 'signal'>,
): Promise<{ training: Omit<RecoverableTraining, 'lineage'>; policy?: ExpertPolicy; release: () => Promise<void> }> {
  const scales = initScales(decomposition, plan.singularValues ?? undefined);
  const { steps, optimizer, maxRollbacks } = plan;
  const common = {
    ...{ model: { ...model, weights: scales }, steps, optimizer, maxRollbacks },
    rule: expertRule(model.config, model.weights, decomposition),
  };
  if (plan.method === 'reinforce') {
    const policy = await policyOf(plan, { model, decomposition }, scales, context);
    return {
      training: { ...common, source: policy, steering: steeringOf(policy) },
      policy,
      release: () => policy.release(),
    };
  }
  const { families, data } = plan.domain;
  const texts = await textsOf({ data, share: { index: 0, count: 1 } }, context);
  const shape = { rows: plan.rows, length: plan.rowLength, seed: `${plan.seed}/expert/${plan.domain.name}` };
  const source = mixtureSource({ families, texts, textShare: 0.5 }, model, shape);
  return { training: { ...common, source }, release: async () => {} };
}

async function policyOf(
  { domain, answers, temperature, seed: runSeed }: ExpertInput,
  { model, decomposition }: ExpertStart,
  scales: Scales,
  { threads, signal }: Pick<TaskContext, 'threads' | 'signal'>,
): Promise<ExpertPolicy> {
  const families = Object.keys(domain.families).map((name) => createFamily(name));
  const encoder = encoderOf(model);
  const seed = `${runSeed}/expert/${domain.name}`;
  const drawn = (count: number, ...stream: (string | number)[]): Question[] => {
    const rng = Rng.derive(seed, ...stream);
    return Array.from({ length: count }, () => {
      const item = drawItem(rng.pick(families), 'train', rng);
      const prompt = encoder.encodePrompt(item);
      return { prompt, answer: encoder.encode(item).ids.slice(prompt.length) };
    });
  };
  const probes = drawn(PROBES, 'probes');
  const longest = (part: 'prompt' | 'answer') => probes.reduce((most, each) => Math.max(most, each[part].length), 1);
  const [promptTokens, answerTokens] = [longest('prompt'), longest('answer')];
  return ExpertPolicy.create(model, decomposition, scales, {
    // A rare one that is longer than all probes would not fit into a row.
    questions: (step) =>
      drawn(answers, 'questions', step).map((each) => (each.prompt.length <= promptTokens ? each : probes[0]!)),
    ...{ answerTokens, promptTokens, temperature, seed, threads, signal },
  });
}

/** What it decides follows from step and weights, so there is nothing to remember. */
function steeringOf(policy: ExpertPolicy): Steering {
  return { every: policy.every, run: (step, scales) => policy.run(step, scales), state: () => null, restore: () => {} };
}

function lineageOf({ from, seed, ...plan }: ExpertInput, { codeVersion }: TaskContext): Lineage {
  const params = JSON.parse(JSON.stringify(plan)) as Lineage['params'];
  const data = plan.domain.data.map(({ artifactId }) => artifactId);
  return { parents: [from], data, phase: 'adas', params, seed, codeVersion, metrics: {} };
}
