import type { TaskItem } from '@agent-forge/data';
import { evaluateText, SequenceScorer, type Model, type TextEvaluation, type TokenScorer } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { measuredTexts } from '../shared/corpus.js';
import { encoderOf, evaluateFamilies, type FamilyEvaluation } from '../shared/families.js';
import { MEASURED_BYTES } from '../shared/limits.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import type { AdasParams } from './params.js';
import { domainTexts } from './router.js';

type Context = PhaseContext<AdasParams>;

/** What all rows are measured on: items of the report part, texts of it, and the domain that each is of. */
export interface Panel {
  readonly items: readonly TaskItem[];
  readonly texts: readonly string[];
  readonly textDomains: readonly string[];
}

/** Which of several models answers each item, and reads each text. */
export interface Assignment {
  readonly items: readonly string[];
  readonly texts: readonly string[];
}

/** Text beside task families is nobody's domain. */
const TEXT = '';

/** The report part of a run, each data set with an equal share of the measured text where there are no families. */
export async function panelOf(context: Context): Promise<Panel> {
  const { families, params } = context;
  if (Object.keys(families).length > 0) {
    const { items, texts } = await Yardstick.of(context, 'report', params.itemsPerFamily);
    return { items, texts, textDomains: texts.map(() => TEXT) };
  }
  const domains = await domainTexts(context, 'report');
  const chosen = domains.flatMap(({ name, texts }) =>
    measuredTexts(texts, MEASURED_BYTES / domains.length).map((text) => ({ name, text })),
  );
  return { items: [], texts: chosen.map(({ text }) => text), textDomains: chosen.map(({ name }) => name) };
}

/** The same model for everything. */
export function allTo(name: string, { items, texts }: Panel): Assignment {
  return { items: items.map(() => name), texts: texts.map(() => name) };
}

/** Each domain to the model that it says, everything else to another one. */
export function byDomain(of: Readonly<Record<string, string>>, otherwise: string, panel: Panel): Assignment {
  return {
    items: panel.items.map(({ family }) => of[family] ?? otherwise),
    texts: panel.textDomains.map((domain) => of[domain] ?? otherwise),
  };
}

/** What the models give together, each on what it is assigned. */
export async function measureAssigned(
  { threads, signal }: Pick<Context, 'threads' | 'signal'>,
  models: ReadonlyMap<string, Model>,
  panel: Panel,
  assigned: Assignment,
): Promise<Measured> {
  const names = [...new Set([...assigned.items, ...assigned.texts])];
  const scorers = new Map<string, SequenceScorer>();
  try {
    for (const name of names) scorers.set(name, await SequenceScorer.create(models.get(name)!, { threads }));
    const any = models.get(names[0]!)!;
    const tasks =
      panel.items.length > 0 ? await tasksOf(any, scorers, panel, assigned, { threads, signal }) : undefined;
    const text = panel.texts.length > 0 ? await textOf(models, scorers, panel, assigned, signal) : undefined;
    return { ...(tasks ? { tasks } : {}), ...(text ? { text } : {}) };
  } finally {
    for (const scorer of scorers.values()) await scorer.release();
  }
}

function tasksOf(
  any: Model,
  scorers: ReadonlyMap<string, SequenceScorer>,
  { items }: Panel,
  assigned: Assignment,
  host: { readonly threads: number; readonly signal: AbortSignal },
): Promise<FamilyEvaluation> {
  const encoder = encoderOf(any);
  const nameOf = new Map(items.map((item, i) => [keyOf(encoder.encode(item).ids), assigned.items[i]!]));
  const maxLength = Math.min(...[...scorers.values()].map((scorer) => scorer.maxLength));
  const score: TokenScorer['score'] = async (sequences) => {
    const results = new Map<number, Awaited<ReturnType<TokenScorer['score']>>[number]>();
    for (const [name, scorer] of scorers) {
      const own = sequences.flatMap((ids, i) => (nameOf.get(keyOf(ids)) === name ? [i] : []));
      const scores = await scorer.score(own.map((i) => sequences[i]!));
      own.forEach((i, row) => results.set(i, scores[row]!));
    }
    return sequences.map((_, i) => results.get(i)!);
  };
  return evaluateFamilies(any, items, { ...host, scorer: { maxLength, score } });
}

function keyOf(ids: readonly number[]): string {
  return ids.join(' ');
}

async function textOf(
  models: ReadonlyMap<string, Model>,
  scorers: ReadonlyMap<string, SequenceScorer>,
  { texts }: Panel,
  assigned: Assignment,
  signal: AbortSignal,
): Promise<TextEvaluation> {
  const each: { bits: number; bytes: number }[] = texts.map((text) => ({ bits: 0, bytes: Buffer.byteLength(text) }));
  let tokens = 0;
  for (const [name, scorer] of scorers) {
    const own = texts.flatMap((_, i) => (assigned.texts[i] === name ? [i] : []));
    if (own.length === 0) continue;
    const found = await evaluateText(
      models.get(name)!,
      own.map((i) => texts[i]!),
      { scorer, signal },
    );
    tokens += found.tokens;
    own.forEach((i, k) => (each[i] = found.texts[k]!));
  }
  const sum = (field: 'bits' | 'bytes') => each.reduce((total, text) => total + text[field], 0);
  const loss = (sum('bits') * Math.LN2) / tokens;
  const bitsPerByte = sum('bits') / sum('bytes');
  return { loss, perplexity: Math.exp(loss), bitsPerByte, tokens, bytes: sum('bytes'), texts: each };
}
