import { divergenceFrom, SequenceScorer, type Model } from '@agent-forge/model';
import type { TaskItem } from '@agent-forge/data';
import type { PhaseContext } from '../phase.js';
import { encoderOf } from '../shared/families.js';
import type { StageProgress } from '../shared/stage-progress.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { onFamilies } from './kept.js';
import type { Kept } from './questions.js';
import { askPrompted, divergences, follow, ratesOf, type Followed } from './measure.js';
import type { BakingParams } from './params.js';
import type { Findings } from './report.js';

type Context = PhaseContext<BakingParams>;

/** Measures every model on the report part: on what was baked, and on what was not. */
export async function findOut(
  context: Context,
  models: ReadonlyMap<string, Model>,
  kept: Kept,
  progress: StageProgress,
): Promise<Omit<Findings, 'firstLoss' | 'lastLoss'>> {
  const { params, families } = context;
  const mix = Object.fromEntries([...Object.keys(families), ...kept.prompted].map((name) => [name, 1]));
  const yardstick = await Yardstick.of({ ...context, families: mix }, 'report', params.itemsPerFamily);
  const baked = new Set(params.bakes.flatMap(({ queries = [] }) => queries));
  const keptItems = yardstick.items.filter(({ family }) => !baked.has(family));
  const plain = keptItems.filter(({ system }) => system === undefined);
  const base = models.get('before')!;
  const asked = await askPrompted(context, base);
  const [measured, followed] = [new Map<string, Measured>(), new Map<string, Followed>()];
  for (const [name, model] of models) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model, context));
    followed.set(name, await follow(context, model, asked, plain));
    progress.at('measure', { fraction: measured.size / (models.size + 1) });
  }
  const prompted = new Map(asked.map((each) => [each.bake.name, ratesOf(each, each.prompted)]));
  const only = (has: (family: string) => boolean) =>
    new Map([...measured].map(([name, each]) => [name, onFamilies(each, yardstick.items, has)] as const));
  const divergence = await divergences(context, base, models, asked);
  const away = await keptDivergence(context, base, models.get('after')!, keptItems);
  return {
    measured: only((family) => family in families),
    kept: only((family) => !baked.has(family)),
    prompts: only((family) => !(family in families)),
    followed,
    prompted,
    divergence,
    ...away,
  };
}

/** How far the baked model is from the one that came in, on the right answers to what was not baked. */
async function keptDivergence(
  { threads, signal }: Context,
  base: Model,
  after: Model,
  items: readonly TaskItem[],
): Promise<Pick<Findings, 'keptDivergence'>> {
  if (items.length === 0) return {};
  const encoder = encoderOf(base);
  const encoded = items.map((item) => encoder.encode(item));
  const maxLength = Math.max(...encoded.map(({ ids }) => ids.length));
  const teacher = await SequenceScorer.create(base, { threads, maxLength, distributions: true });
  try {
    return { keptDivergence: (await divergenceFrom(teacher, after, encoded, { threads, signal })).divergence };
  } finally {
    await teacher.release();
  }
}
