import type { DataSource } from '@agent-forge/contracts';
import type { Part, TaskItem } from '@agent-forge/data';
import {
  byteTokenizer,
  encodeText,
  fitCentroids,
  nearestClass,
  promptStates,
  type Model,
  type Router,
  type StateReading,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { readCorpus } from '../shared/corpus.js';
import { encoderOf, familyItems } from '../shared/families.js';
import { domainsOf, type Domain } from './domains.js';
import type { AdasParams } from './params.js';

type Context = PhaseContext<AdasParams>;

/** So much of a text is read before it is sent to an expert. */
const TEXT_TOKENS = 64;
/** Most tokens are shorter, so not all of a long text is encoded for its beginning. */
const TEXT_CHARACTERS = 16;
const READINGS: readonly StateReading[] = ['last', 'mean'];

/** Something to send to an expert. */
export interface Query {
  readonly ids: readonly number[];
  /** The domain that it is of. */
  readonly domain: string;
}

/**
 * Fits a router on the train part: the classes are all families of the mix, or all data sets, by the base model's states of their prompts. Which reading of
 * the states it takes is chosen on the select part.
 */
export async function fitRouter(context: Context, model: Model, experts: readonly Domain[]): Promise<Router> {
  const { threads, signal } = context;
  const expertOf = Object.fromEntries(experts.map(({ name }) => [name, name]));
  const [train, select] = [await queries(context, model, 'train'), await queries(context, model, 'select')];
  const states = await promptStates(
    model,
    [...train, ...select].map(({ ids }) => ids),
    { threads, signal },
  );
  const candidates = READINGS.map((reading) => {
    const centroids = fitCentroids(
      states.slice(0, train.length).map((state) => state[reading]),
      train.map(({ domain }) => domain),
    );
    const right = select.filter(
      ({ domain }, i) => nearestClass(centroids, states[train.length + i]![reading]) === domain,
    ).length;
    return { right, router: { reading, centroids, expertOf } };
  });
  return candidates.reduce((best, each) => (each.right > best.right ? each : best)).router;
}

/** The prompt of an item. */
export function itemPrompts(model: Model, items: readonly TaskItem[]): number[][] {
  const encoder = encoderOf(model);
  return items.map((item) => encoder.encodePrompt(item));
}

/** The first tokens of a text. */
export function textPrompt({ tokenizer, config }: Model, text: string): number[] {
  const ids = encodeText(tokenizer ?? byteTokenizer(), text.slice(0, TEXT_CHARACTERS * TEXT_TOKENS));
  return ids.slice(0, Math.min(TEXT_TOKENS, config.maxPositionEmbeddings));
}

async function queries(context: Context, model: Model, part: Exclude<Part, 'report'>): Promise<Query[]> {
  const { families, params, seed } = context;
  const items = familyItems(families, part, params.routerItems, `${seed}/router/${part}`);
  if (items.length > 0) return itemPrompts(model, items).map((ids, i) => ({ ids, domain: items[i]!.family }));
  const found: Query[] = [];
  for (const { name, texts } of await domainTexts(context, part))
    for (const text of texts.slice(0, params.routerItems)) {
      const ids = textPrompt(model, text);
      if (ids.length > 0) found.push({ ids, domain: name });
    }
  return found;
}

/** The texts of each data set by itself. */
export async function domainTexts(
  context: Context,
  part: Part,
): Promise<{ readonly name: string; readonly texts: readonly string[] }[]> {
  const found = [];
  for (const { name, data } of domainsOf({ families: {}, data: context.data })) {
    const corpus = await readCorpus({ ...context, data: data as DataSource[] });
    found.push({ name, texts: corpus[part] });
  }
  return found;
}
