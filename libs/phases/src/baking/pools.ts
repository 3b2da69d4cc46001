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
  /** Answers that are to stay, to plain items of each family and to items under system prompts. */
  readonly plain: readonly { readonly weight: number; readonly examples: readonly BakeExample[] }[];
  readonly prompted: readonly BakeExample[];
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
  const ask = (name: string) => drawExamples(model, distinctItems(createFamily(name), 'train', each, seed), false, how);
  const plain: Pools['plain'][number][] = [];
  for (const [name, weight] of Object.entries(kept.plain)) plain.push({ weight, examples: await ask(name) });
  const prompted: BakeExample[] = [];
  for (const name of kept.prompted) prompted.push(...(await ask(name)));
  return { baked, plain, prompted, text: await windowsOf(plan, model, context) };
}

/** Everything that a row may be. */
export function allExamples({ baked, plain, prompted, text }: Pools): BakeExample[] {
  return [...baked.flat(), ...plain.flatMap(({ examples }) => examples), ...prompted, ...text];
}

/** The rows of a step: a function of seed and step alone. Bakes get their shares of what is not kept, and each at least a row; of what is kept, half is prompted. */
export function rowsOf(plan: BakeInput, pools: Pools, step: number): BakeExample[] {
  const { rows, keep, seed, bakes } = plan;
  const rng = Rng.derive(seed, 'bake', 'rows', step);
  const { text, prompted, plain } = keptRows(plan, pools, Math.floor(keep * rows));
  const kept = [
    ...Array.from({ length: text }, () => rng.pick(pools.text)),
    ...Array.from({ length: prompted }, () => rng.pick(pools.prompted)),
    ...Array.from({ length: plain }, () => rng.pick(weighted(pools.plain, rng))),
  ];
  const shares = bakes.map(({ share }) => share);
  return [...kept, ...turnsOf(shares, rows - kept.length).map((bake) => rng.pick(pools.baked[bake]!))];
}

/** How many kept rows are of which kind, of those kinds that there are. */
function keptRows({ textShare }: BakeInput, pools: Pools, rows: number) {
  const hasTasks = pools.plain.length + pools.prompted.length > 0;
  const hasText = pools.text.length > 0;
  const text = hasText ? (hasTasks ? Math.floor(textShare * rows) : rows) : 0;
  const tasks = hasTasks ? rows - text : 0;
  const prompted = pools.prompted.length === 0 ? 0 : pools.plain.length === 0 ? tasks : Math.floor(tasks / 2);
  return { text, prompted, plain: tasks - prompted };
}

function weighted(families: Pools['plain'], rng: Rng): readonly BakeExample[] {
  let point = rng.float() * families.reduce((sum, { weight }) => sum + weight, 0);
  return (families.find(({ weight }) => (point -= weight) < 0) ?? families.at(-1)!).examples;
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
