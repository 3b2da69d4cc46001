import type { DataSource } from '@agent-forge/contracts';
import { createFamily } from '@agent-forge/data';
import type { Model } from '@agent-forge/model';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from '../shared/families.js';
import type { FamilyScore } from '../shared/report.js';
import { Yardstick } from '../shared/yardstick.js';
import type { AdasParams } from './params.js';

/** What an expert is for: a task family, or on text alone a data set; everything for a control. */
export interface Domain {
  readonly name: string;
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
}

type Context = PhaseContext<AdasParams>;

/** Items of each family that domains are chosen by: they tell a family that is known from one that is not. */
const CHOICE_ITEMS = 100;
/** A nat of loss only orders families with about as many errors. */
const LOSS_WEIGHT = 0.01;
/** So much better than guessing is more than luck on a few hundred items. */
const BEGUN = 0.05;

/** Everything that a run could have experts for. */
export function domainsOf({ families, data }: Pick<Context, 'families' | 'data'>): Domain[] {
  const names = Object.keys(families);
  if (names.length > 0) return names.map((name) => ({ name, families: { [name]: 1 }, data: [] }));
  return data.map(({ name, artifactId }) => ({ name, families: {}, data: [{ name, artifactId }] }));
}

/** The whole mix as the domain of one expert. */
export function everything({ families, data }: Pick<Context, 'families' | 'data'>): Domain {
  const isText = Object.keys(families).length === 0;
  return {
    name: 'generalist',
    families,
    data: isText ? data.map(({ name, artifactId }) => ({ name, artifactId })) : [],
  };
}

/** The domains that get experts: those that the recipe names, or those that the model is worst at on the select part, of those that it has begun to learn first. */
export async function chooseDomains(context: Context, model: Model): Promise<Domain[]> {
  const { params } = context;
  const all = domainsOf(context);
  const { domains: named } = params;
  if (named) return named.map((name) => all.find((domain) => domain.name === name) ?? unknown(name, all));
  if (all.length <= params.experts) return all;
  const standings = await standingsOf(context, model, all);
  return all
    .map((domain) => ({ domain, ...standings.get(domain.name)! }))
    .sort((a, b) => Number(b.hasBegun) - Number(a.hasBegun) || b.weakness - a.weakness)
    .slice(0, params.experts)
    .map(({ domain }) => domain);
}

/** How a model stands on a domain. */
interface Standing {
  /** Whether it is better than guessing: scaling what a model has not learnt at all seldom helps. */
  readonly hasBegun: boolean;
  /** Errors, and where two have as many the loss; bits per byte of text. */
  readonly weakness: number;
}

async function standingsOf(
  context: Context,
  model: Model,
  all: readonly Domain[],
): Promise<ReadonlyMap<string, Standing>> {
  const { threads, signal } = context;
  const host = { threads, signal };
  if (Object.keys(context.families).length > 0) {
    const yardstick = await Yardstick.of({ ...context, data: [] }, 'select', CHOICE_ITEMS);
    const { tasks } = await yardstick.measure(model, host, { hasIntervals: false });
    return new Map(Object.entries(tasks!.families).map(([name, score]) => [name, standingOn(name, score)]));
  }
  const found = new Map<string, Standing>();
  for (const { name, data } of all) {
    const yardstick = await Yardstick.of({ ...context, data: data as DataSource[] }, 'select', 0);
    found.set(name, { hasBegun: true, weakness: (await yardstick.measure(model, host)).text!.bitsPerByte });
  }
  return found;
}

function standingOn(family: string, { accuracy, loss }: FamilyScore): Standing {
  return {
    hasBegun: accuracy.estimate > createFamily(family).chance + BEGUN,
    weakness: 1 - accuracy.estimate + LOSS_WEIGHT * loss,
  };
}

function unknown(name: string, all: readonly Domain[]): never {
  const known = all.map((domain) => domain.name).join(', ');
  throw paramError('adas', { path: ['domains'], problem: `names ${name.slice(0, 80)}, which is none of ${known}` });
}
