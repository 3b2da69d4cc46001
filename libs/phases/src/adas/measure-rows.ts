import { Rng } from '@agent-forge/contracts';
import { mixtureScales, scaledModels, type Expert, type Model, type Scales } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { Measured } from '../shared/yardstick.js';
import { allTo, byDomain, measureAssigned, type Assignment, type Panel } from './measure.js';
import type { AdasParams } from './params.js';
import type { Routes } from './routes.js';
import { expertRow, ROWS } from './rows.js';
import type { Specialists } from './specialise.js';

type Context = PhaseContext<AdasParams>;

/** What is measured. */
export interface Contestants extends Specialists {
  readonly routes: Routes;
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
  const { start, pack, routes, mixtures, generalist, applied, domains } = contestants;
  const models = await modelsOf(context, contestants);
  const names = domains.map(({ name }) => name);
  const plans = new Map<string, Assignment>([[ROWS.base, allTo(ROWS.base, panel)]]);
  for (const { name } of pack.experts) plans.set(expertRow(name), allTo(expertRow(name), panel));
  const sent = (to: string | undefined) => (to === undefined ? ROWS.base : expertRow(to));
  plans.set(ROWS.routed, { items: routes.items.map(sent), texts: routes.texts.map(sent) });
  if (mixtures.byDomain.size > 0) plans.set(ROWS.mixture, byDomain(named(ROWS.mixture, names), ROWS.base, panel));
  if (generalist) plans.set(ROWS.generalist, allTo(ROWS.generalist, panel));
  plans.set(ROWS.shuffled, byDomain(named(ROWS.shuffled, names), ROWS.base, panel));
  if (applied) {
    models.set(ROWS.applied, applied);
    plans.set(ROWS.applied, allTo(ROWS.applied, panel));
  }
  models.set(ROWS.base, start.model);
  const measured = new Map<string, Measured>();
  for (const [name, plan] of plans) {
    context.signal.throwIfAborted();
    measured.set(name, await measureAssigned(context, models, panel, plan));
    progress.at('measure', { fraction: measured.size / plans.size });
  }
  return measured;
}

/** Experts, their mixtures, and experts whose factors stand in another order, by name. */
async function modelsOf(context: Context, contestants: Contestants): Promise<Map<string, Model>> {
  const { start, pack, mixtures, generalist } = contestants;
  const scales = new Map<string, Scales>();
  for (const each of pack.experts) {
    scales.set(expertRow(each.name), each.scales);
    scales.set(`${ROWS.shuffled} ${each.name}`, shuffled(each, context.seed));
  }
  for (const [name, mixture] of mixtures.byDomain) scales.set(`${ROWS.mixture} ${name}`, mixtureScales(pack, mixture));
  if (generalist) scales.set(ROWS.generalist, generalist.scales);
  const { model, decomposition } = start;
  const models = await scaledModels(model, decomposition, [...scales.values()], { threads: context.threads });
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
