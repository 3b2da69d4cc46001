import { ForgeError, type Json } from '@agent-forge/contracts';
import { parameterCount } from '@agent-forge/model';
import { forwardFlops } from '../estimate.js';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import type { Yardstick } from '../shared/yardstick.js';
import type { DreamInput, DreamOutput } from './dream-task.js';
import type { TrainingParams } from './params.js';
import { WRITING } from './estimate.js';
import { drawPool, storeItems, type PoolItem } from './pool.js';
import type { PoolInput } from './rank-task.js';

/** Operations of one task, which has no checkpoint: seconds of work, so that a kill costs little. */
const PART_FLOPS = 5e11;
/** Items of one task at most: its answer is a number for each. */
const PART_ITEMS = 512;

type Context = PhaseContext<TrainingParams>;

/** What arms need beside the mixture; each where an arm needs it. */
export interface Prepared {
  /** Artifact of the ranked pool. */
  readonly pool?: string;
  readonly dreams?: readonly string[];
  /** About the dreams, for the report. */
  readonly figures: Readonly<Record<string, number>>;
}

/** Ranks a pool by difficulty, and dreams, as far as the recipe asks for it. */
export async function prepare(
  context: Context,
  input: InputModel,
  { corpus }: Pick<Yardstick, 'corpus'>,
): Promise<Prepared> {
  const { curriculum, edgeOfChaos, arms } = context.params;
  const texts = corpus?.train ?? [];
  const ranked = curriculum !== 'none' || edgeOfChaos ? { pool: await rankPool(context, input, texts) } : {};
  const dreamt = arms.includes('dream') ? await dream(context, input, texts) : undefined;
  return { ...ranked, ...(dreamt ? { dreams: dreamt.artifacts } : {}), figures: dreamt?.figures ?? {} };
}

/** @returns the artifact of the pool */
async function rankPool(context: Context, input: InputModel, texts: readonly string[]): Promise<string> {
  const { model, artifact } = input;
  const { params, families, seed } = context;
  const { rowLength, poolItems: size, curriculum } = params;
  const pool = drawPool({ families, texts, size, rowLength, seed }, model);
  const difficulties = await (curriculum === 'length' ? lengthsOf(pool) : rank(context, input, pool.length));
  const ranked = pool.map((item, i) => ({ ...item, difficulty: difficulties[i]! }));
  const stored = await storeItems(context, 'pool', ranked, lineageOf('training', context, [artifact.id], {}));
  return stored.id;
}

function lengthsOf(pool: readonly PoolItem[]): number[] {
  return pool.map(({ ids }) => ids.length);
}

async function rank(context: Context, input: InputModel, count: number): Promise<number[]> {
  const parts = partsOf(context, input, context.params.poolItems, count);
  const outputs = await context.runTasks('rank', parts as unknown as Json[], stage(context, 'rank', parts.length));
  return outputs.flatMap(({ value }) => value as number[]);
}

async function dream(context: Context, input: InputModel, texts: readonly string[]) {
  const { params, families, seed } = context;
  const { rowLength, dreamItems: size, dreamTemperature, dreamSamples, dreamAgreement } = params;
  const { length } = drawPool({ families, texts, size, rowLength, seed }, input.model);
  const inputs = partsOf(context, input, size, length, WRITING * dreamSamples).map((part): DreamInput => ({
    ...part,
    temperature: dreamTemperature,
    samples: dreamSamples,
    agreement: dreamAgreement,
  }));
  const outputs = await context.runTasks('dream', inputs as unknown as Json[], stage(context, 'dream', inputs.length));
  const said = outputs.map(({ value }) => value as unknown as DreamOutput);
  const kept = said.reduce((sum, each) => sum + each.kept, 0);
  if (kept === 0)
    throw new ForgeError(
      'DATA_INVALID',
      `none of ${length} dreams is kept: the model does not agree with itself; lower dreamAgreement or dreamTemperature, or leave the arm dream out`,
    );
  return { artifacts: outputs.map(({ artifacts }) => artifacts[0]!.id), figures: { dreamsKept: kept / length } };
}

/**
 * A pool in parts, one for each task.
 * @param readings how often an item is read, or as good as read
 */
function partsOf(
  { families, data, params, seed }: Context,
  { artifact, model }: InputModel,
  size: number,
  count: number,
  readings = 1,
): PoolInput[] {
  const { rowLength } = params;
  const named = data.map(({ name, artifactId }) => ({ name, artifactId }));
  const plan = { model: artifact.id, families, data: named, size, rowLength, seed };
  const perItem = readings * forwardFlops(parameterCount(model.config), rowLength);
  const each = Math.max(1, Math.min(PART_ITEMS, Math.floor(PART_FLOPS / perItem)));
  return Array.from({ length: Math.ceil(count / each) }, (_, i) => {
    return { ...plan, begin: i * each, end: (i + 1) * each };
  });
}

/** These stages are short; the progress bar begins with the arms. */
function stage({ report }: Context, name: string, parts: number) {
  return (index: number) => report({ stage: name, fraction: 0, step: index + 1, steps: parts });
}
