import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type DataSource, type Json, type Lineage } from '@agent-forge/contracts';
import { bakeShape, BakeTrainer, readModelFolder, writeSafetensors } from '@agent-forge/model';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { keepTraining, keptTraining } from '../shared/training-checkpoint.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { allExamples, drawPools, rowsOf, type Pools } from './pools.js';
import type { Kept, Queries } from './questions.js';

/** One baking: all that its result depends on. */
export interface BakeInput {
  readonly from: string;
  readonly bakes: readonly (Queries & { readonly share: number })[];
  /** Families whose answers are to stay. */
  readonly kept: Kept;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly textShare: number;
  readonly steps: number;
  readonly rows: number;
  readonly keep: number;
  readonly queriesPerFamily: number;
  readonly rank: number;
  readonly alpha: number;
  readonly rate: number;
  readonly topK: number;
  readonly temperature: number;
  readonly answerTokens: number;
  readonly seed: number;
}

/** What a baking says of itself. */
export interface BakeOutput {
  /** Divergence from the prompted model at the first and the last step, nats per token, on answers of the train part. */
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** Name of the file with the factors. */
export const FACTORS_FILE = 'factors.safetensors';

/** Trains the adapter that answers without the prompts as the model does with them, and stores it. */
export async function bakeTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as BakeInput;
  await context.artifacts.materialise(plan.from, join(context.workDir, 'start'));
  const model = await readModelFolder(join(context.workDir, 'start'));
  const pools = await drawPools(plan, model, context);
  const shape = bakeShape(allExamples(pools), plan.rows);
  const saved = await keptTraining<BakeOutput>(context);
  const trainer = await BakeTrainer.create({
    ...{ model, shape, rank: plan.rank, scale: plan.alpha / plan.rank, topK: plan.topK },
    ...{ learningRate: plan.rate, steps: plan.steps },
    ...{ seed: `${plan.seed}/bake`, session: { threads: context.threads } },
    ...(saved ? { resume: saved.state } : {}),
  });
  try {
    const value = await train(plan, trainer, pools, saved?.settings, context);
    const { factors } = trainer.adapter();
    const dir = join(context.workDir, 'adapter');
    await mkdir(dir);
    await writeSafetensors(join(dir, FACTORS_FILE), factors);
    const stored = await context.artifacts.putFolder(dir, 'adapter', {
      kind: 'checkpoint',
      lineage: lineageOf(plan, context),
    });
    return { value: value as unknown as Json, artifacts: [stored] };
  } finally {
    await trainer.release();
  }
}

async function train(
  plan: BakeInput,
  trainer: BakeTrainer,
  pools: Pools,
  before: BakeOutput | undefined,
  host: TaskContext,
): Promise<BakeOutput> {
  const { steps } = plan;
  let output = before ?? { firstLoss: NaN, lastLoss: NaN };
  let savedMs = performance.now();
  for (let { step } = trainer.state(); step < steps; step++) {
    if (host.signal.aborted || performance.now() - savedMs > 1000 * CHECKPOINT_SECONDS) {
      await keepTraining(host, trainer.state(), output, lineageOf(plan, host));
      savedMs = performance.now();
    }
    if (host.signal.aborted) throw new ForgeError('CANCELLED', `baking was stopped at step ${step} of ${steps}`);
    const { loss } = await trainer.step(rowsOf(plan, pools, step));
    output = { firstLoss: step === 0 ? loss : output.firstLoss, lastLoss: loss };
    host.report({ fraction: (step + 1) / steps, step: step + 1, steps, metrics: { loss } });
  }
  return output;
}

function lineageOf({ from, data, seed, ...params }: BakeInput, { codeVersion }: TaskContext): Lineage {
  const used = data.map(({ artifactId }) => artifactId);
  const plain = JSON.parse(JSON.stringify(params)) as Lineage['params'];
  return { parents: [from], data: used, phase: 'baking', params: plain, seed, codeVersion, metrics: {} };
}
