import type { DataSource } from '@agent-forge/contracts';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from '../shared/families.js';
import { Yardstick } from '../shared/yardstick.js';
import type { Model } from '@agent-forge/model';
import type { AdasParams } from './params.js';

/** What an expert is for: a task family, or on text alone a data set. */
export interface Domain {
  readonly name: string;
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
}

type Context = PhaseContext<AdasParams>;

/** Everything that a run could have experts for. */
export function domainsOf({ families, data }: Pick<Context, 'families' | 'data'>): Domain[] {
  const names = Object.keys(families);
  if (names.length > 0) return names.map((name) => ({ name, families: { [name]: 1 }, data: [] }));
  return data.map(({ name, artifactId }) => ({ name, families: {}, data: [{ name, artifactId }] }));
}

/** The domains that get experts: those that the recipe names, or those that the model is worst at on the select part. */
export async function chooseDomains(context: Context, model: Model): Promise<Domain[]> {
  const { params } = context;
  const all = domainsOf(context);
  const { domains: named } = params;
  if (named) return named.map((name) => all.find((domain) => domain.name === name) ?? unknown(name, all));
  if (all.length <= params.experts) return all;
  const weakness = await weaknesses(context, model, all);
  return [...all].sort((a, b) => weakness.get(b.name)! - weakness.get(a.name)!).slice(0, params.experts);
}

function unknown(name: string, all: readonly Domain[]): never {
  const known = all.map((domain) => domain.name).join(', ');
  throw paramError('adas', { path: ['domains'], problem: `names ${name.slice(0, 80)}, which is none of ${known}` });
}

/** By domain: errors, and where two have as many the loss; bits per byte of text. */
async function weaknesses(context: Context, model: Model, all: readonly Domain[]): Promise<Map<string, number>> {
  const { params, threads, signal } = context;
  const host = { threads, signal };
  const isText = Object.keys(context.families).length === 0;
  if (!isText) {
    const yardstick = await Yardstick.of({ ...context, data: [] }, 'select', params.itemsPerFamily);
    const { tasks } = await yardstick.measure(model, host, { hasIntervals: false });
    return new Map(
      Object.entries(tasks!.families).map(([name, { accuracy, loss }]) => [
        name,
        1 - accuracy.estimate + LOSS_WEIGHT * loss,
      ]),
    );
  }
  const found = new Map<string, number>();
  for (const { name, data } of all) {
    const yardstick = await Yardstick.of({ ...context, data: data as DataSource[] }, 'select', 0);
    found.set(name, (await yardstick.measure(model, host)).text!.bitsPerByte);
  }
  return found;
}

/** A nat of loss only orders families with about as many errors. */
const LOSS_WEIGHT = 0.01;
