import { Rng, type DataSource } from '@agent-forge/contracts';
import { createFamily, distinctItems } from '@agent-forge/data';
import { byteTokenizer, encodeText, type BakeExample, type Model } from '@agent-forge/model';
import { readCorpus } from '../shared/corpus.js';
import type { TaskContext } from '../task.js';
import { drawExamples } from './answers.js';
import type { BakeInput } from './bake-task.js';
import { questionsOf, under } from './questions.js';

/** What the rows of a step are drawn from. */
export interface Pools {
  /** Answers under each prompt. */
  readonly baked: readonly (readonly BakeExample[])[];
  /** Answers that are to stay, to task items. */
  readonly kept: readonly BakeExample[];
  /** Running text that is to stay as likely as it was. */
  readonly text: readonly BakeExample[];
}

/** Tokens of text before those that count. */
const TEXT_BEFORE = 16;
/** Windows of text: about as many as a long training draws. */
const MAX_WINDOWS = 4096;

/** Has the model answer every question once, under the prompts that are baked and as it is asked otherwise, and cuts windows out of the text. */
export async function drawPools(plan: BakeInput, model: Model, context: TaskContext): Promise<Pools> {
  const { bakes, kept, queriesPerFamily: each, temperature, answerTokens: maxTokens } = plan;
  const seed = `${plan.seed}/queries`;
  const how = { temperature, maxTokens, seed, threads: context.threads, signal: context.signal };
  const baked: BakeExample[][] = [];
  for (const bake of bakes) {
    const items = questionsOf(bake, 'train', each, seed).map((item) => under(item, bake.prompt));
    baked.push(await drawExamples(model, items, true, how));
  }
  const others = kept.flatMap((name) => distinctItems(createFamily(name), 'train', each, seed));
  const texts = await windowsOf(plan, model, context);
  return { baked, kept: others.length > 0 ? await drawExamples(model, others, false, how) : [], text: texts };
}

/** The rows of a step: a function of seed and step alone. Bakes get their shares of what is not kept, and each at least a row. */
export function rowsOf(plan: BakeInput, { baked, kept, text }: Pools, step: number): BakeExample[] {
  const { rows, keep, textShare, seed, bakes } = plan;
  const rng = Rng.derive(seed, 'bake', 'rows', step);
  const keptRows = kept.length + text.length > 0 ? Math.floor(keep * rows) : 0;
  const textRows = kept.length === 0 ? keptRows : text.length === 0 ? 0 : Math.floor(textShare * keptRows);
  const turns = turnsOf(
    bakes.map(({ share }) => share),
    rows - keptRows,
  );
  return [
    ...Array.from({ length: textRows }, () => rng.pick(text)),
    ...Array.from({ length: keptRows - textRows }, () => rng.pick(kept)),
    ...turns.map((bake) => rng.pick(baked[bake]!)),
  ];
}

/** Which bake each of some rows belongs to: one each, then whoever is furthest behind its share. */
function turnsOf(shares: readonly number[], rows: number): number[] {
  const given = shares.map(() => 1);
  const turns = [...shares.keys()];
  while (turns.length < rows) {
    const next = shares.reduce((best, share, i) => (given[i]! / share < given[best]! / shares[best]! ? i : best), 0);
    given[next]! += 1;
    turns.push(next);
  }
  return turns;
}

/** Windows of the train part; what counts is a few tokens behind the beginning, so that rows are no longer than answers make them. */
async function windowsOf(
  { data, answerTokens, seed }: BakeInput,
  model: Model,
  context: TaskContext,
): Promise<BakeExample[]> {
  if (data.length === 0) return [];
  const { train } = await readCorpus({ ...context, data: data as readonly DataSource[] });
  const length = Math.min(TEXT_BEFORE + answerTokens, model.config.maxPositionEmbeddings);
  const windows: BakeExample[] = [];
  for (const text of Rng.derive(seed, 'bake', 'text').shuffle([...train])) {
    const ids = encodeText(model.tokenizer ?? byteTokenizer(), text);
    for (let at = 0; at + length <= ids.length && windows.length < MAX_WINDOWS; at += length) {
      const before = ids.slice(at, at + TEXT_BEFORE);
      windows.push({ prompted: before, plain: before, answer: ids.slice(at + TEXT_BEFORE, at + length) });
    }
  }
  return windows;
}
