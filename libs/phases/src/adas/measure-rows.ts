import { Rng } from '@agent-forge/contracts';
import { ExpertMerger, mixtureScales, type Expert, type Mixture, type Model, type Scales } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { Measured } from '../shared/yardstick.js';
import type { Domain } from './domains.js';
import type { ExpertStart } from './expert-task.js';
import { allTo, byDomain, measureAssigned, type Assignment, type Panel } from './measure.js';
import type { AdasParams } from './params.js';
import { expertRow, ROWS } from './report.js';

type Context = PhaseContext<AdasParams>;

/** What is measured. */
export interface Contestants {
  readonly start: ExpertStart;
  readonly domains: readonly Domain[];
  /** In the order of the domains. */
  readonly experts: readonly Expert[];
  /** Where the router sends everything: names of experts, undefined for the base model. */
  readonly routes: { readonly items: readonly (string | undefined)[]; readonly texts: readonly (string | undefined)[] };
  readonly mixtures: ReadonlyMap<string, Mixture>;
  /** The model that goes on, where it is not the one that came in. */
  readonly applied: Model | undefined;
}

/** Measures every row of the report on the same items and texts. */
export async function measureRows(
  context: Context,
  panel: Panel,
  contestants: Contestants,
  progress: StageProgress,
): Promise<Map<string, Measured>> {
  const { start, experts, routes, mixtures, applied, domains } = contestants;
  const models = await modelsOf(context, contestants);
  const names = domains.map(({ name }) => name);
  const plans = new Map<string, Assignment>([[ROWS.none, allTo(ROWS.none, panel)]]);
  for (const { name } of experts) plans.set(expertRow(name), allTo(expertRow(name), panel));
  const sent = (to: string | undefined) => (to === undefined ? ROWS.none : expertRow(to));
  plans.set(ROWS.routed, { items: routes.items.map(sent), texts: routes.texts.map(sent) });
  if (mixtures.size > 0) plans.set(ROWS.mixture, byDomain(named(ROWS.mixture, names), ROWS.none, panel));
  plans.set(ROWS.shuffled, byDomain(named(ROWS.shuffled, names), ROWS.none, panel));
  if (applied) {
    models.set(ROWS.applied, applied);
    plans.set(ROWS.applied, allTo(ROWS.applied, panel));
  }
  models.set(ROWS.none, start.model);
  const measured = new Map<string, Measured>();
  for (const [name, plan] of plans) {
    context.signal.throwIfAborted();
    measured.set(name, await measureAssigned(context, models, panel, plan));
    progress.at('measure', { fraction: measured.size / plans.size });
  }
  return measured;
}

/** The model with some scales in its weights. */
export async function scaledModel(
  { threads }: Pick<Context, 'threads'>,
  { model, decomposition }: ExpertStart,
  scales: Scales,
): Promise<Model> {
  const [scaled] = await scaledModels({ threads }, { model, decomposition }, [scales]);
  return scaled!;
}

async function scaledModels(
  { threads }: Pick<Context, 'threads'>,
  { model, decomposition }: ExpertStart,
  all: readonly Scales[],
): Promise<Model[]> {
  const merger = await ExpertMerger.create(model.weights, decomposition, all[0]!, { threads });
  try {
    const models: Model[] = [];
    for (const scales of all) models.push({ ...model, weights: await merger.weights(scales) });
    return models;
  } finally {
    await merger.release();
  }
}

/** Experts, their mixtures, and experts whose factors stand in another order, by name. */
async function modelsOf(context: Context, contestants: Contestants): Promise<Map<string, Model>> {
  const { start, experts, mixtures } = contestants;
  const scales = new Map<string, Scales>();
  for (const each of experts) {
    scales.set(expertRow(each.name), each.scales);
    scales.set(`${ROWS.shuffled} ${each.name}`, shuffled(each, context.seed));
  }
  for (const [name, mixture] of mixtures) scales.set(`${ROWS.mixture} ${name}`, mixtureScales({ experts }, mixture));
  const models = await scaledModels(context, start, [...scales.values()]);
  return new Map([...scales.keys()].map((name, i) => [name, models[i]!]));
}

/** The same factors of each matrix, for other singular values: what is left when only how much is scaled counts, and not what. */
function shuffled({ name, scales }: Expert, seed: number): Scales {
  return new Map(
    [...scales].map(([weight, { shape, data }]) => {
      const order = [...data];
      Rng.derive(seed, 'shuffled', name, weight).shuffle(order);
      return [weight, { shape, data: Float32Array.from(order) }];
    }),
  );
}

function named(row: string, domains: readonly string[]): Record<string, string> {
  return Object.fromEntries(domains.map((name) => [name, `${row} ${name}`]));
}
