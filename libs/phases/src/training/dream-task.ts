import type { Json, Lineage } from '@agent-forge/contracts';
import { createGenerator, type Model, type TokenGenerator } from '@agent-forge/model';
import type { TaskContext, TaskOutput } from '../task.js';
import { storeItems, type PoolItem } from './pool.js';
import { lossesOf, poolPart, type PoolInput } from './rank-task.js';

/** Prompts to be dreamed on, and how: all that the dreams depend on. */
export interface DreamInput extends PoolInput {
  readonly temperature: number;
  /** Answers that are drawn to a prompt. */
  readonly samples: number;
  /** Share of them that must be the same. */
  readonly agreement: number;
}

/** What a task says of its dreams. */
export interface DreamOutput {
  readonly dreamed: number;
  readonly kept: number;
}

/**
 * Dreams: what the model itself writes to prompts of the train part, with no true answer looked at. To a task prompt several answers are drawn, and the commonest is
 * kept where enough of them agree (self-consistency, Wang et al. 2023, arXiv:2203.11171, used as a filter for self-training as by Huang et al. 2022,
 * arXiv:2210.11610). Of a piece of text the second half is written anew, and kept where the model finds it no less likely than the real one.
 * The artifact holds what is kept.
 */
export async function dreamTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as DreamInput;
  const { model, items } = await poolPart(plan, context);
  const [tasks, pieces] = [items.filter(({ family }) => family), items.filter(({ family }) => !family)];
  const generator = await createGenerator(model, { threads: context.threads });
  let kept: PoolItem[];
  try {
    kept = [
      ...(await answerTasks(generator, tasks, plan, context)),
      ...(await rewritePieces(generator, model, pieces, plan, context)),
    ];
  } finally {
    await generator.release();
  }
  const artifact = await storeItems(context, 'dreams', kept, lineageOf(plan, context));
  const value: DreamOutput = { dreamed: items.length, kept: kept.length };
  return { value: value as unknown as Json, artifacts: [artifact] };
}

async function answerTasks(
  generator: TokenGenerator,
  items: readonly PoolItem[],
  { temperature, samples, agreement, seed, begin }: DreamInput,
  { signal }: TaskContext,
): Promise<PoolItem[]> {
  if (items.length === 0) return [];
  const prompts = items.map(promptOf);
  // No answer needs more; one that is cut off is not kept.
  const maxTokens = Math.max(...items.map(({ ids }, i) => ids.length - prompts[i]!.length));
  // Every true answer ends with it.
  const stopTokens = [items[0]!.ids.at(-1)!];
  const repeated = prompts.flatMap((prompt) => Array.from({ length: samples }, () => prompt));
  const options = { maxTokens, stopTokens, temperature, signal, seed: `${seed}/dream/${begin}` };
  const answers = await collect(generator, repeated, options);
  return items.flatMap((item, i) => {
    const drawn = answers.slice(i * samples, (i + 1) * samples);
    const answer = commonest(drawn.filter(({ isFinished }) => isFinished).map(({ ids }) => ids));
    if (answer === undefined || answer.count < agreement * samples) return [];
    return [withAnswer(item, prompts[i]!, answer.ids)];
  });
}

async function rewritePieces(
  generator: TokenGenerator,
  model: Model,
  pieces: readonly PoolItem[],
  { temperature, seed, begin }: DreamInput,
  context: TaskContext,
): Promise<PoolItem[]> {
  if (pieces.length === 0) return [];
  // Without the last token: the model reads no more than a row when it writes.
  const length = pieces[0]!.ids.length - 1;
  const half = Math.ceil(length / 2);
  const prompts = pieces.map(({ ids }) => ids.slice(0, half));
  const maxTokens = length - half;
  const options = { maxTokens, stopTokens: [], temperature, signal: context.signal, seed: `${seed}/dream/${begin}` };
  const written = await collect(generator, prompts, options);
  const dreams = pieces.map((piece, i) => withAnswer(piece, prompts[i]!, written[i]!.ids));
  const real = pieces.map((piece, i) => withAnswer(piece, prompts[i]!, piece.ids.slice(half, length)));
  const [dreamed, known] = [await lossesOf(model, dreams, context), await lossesOf(model, real, context)];
  return dreams.filter((_, i) => dreamed[i]! <= known[i]!);
}

/** Everything before the first token that counts. */
function promptOf({ ids, learnt }: PoolItem): number[] {
  return ids.slice(0, learnt.indexOf(1));
}

function withAnswer(item: PoolItem, prompt: readonly number[], answer: readonly number[]): PoolItem {
  return { ...item, ids: [...prompt, ...answer], learnt: [...prompt.map(() => 0), ...answer.map(() => 1)] };
}

interface Written {
  readonly ids: number[];
  /** Whether it ended by itself. */
  isFinished: boolean;
}

async function collect(
  generator: TokenGenerator,
  prompts: readonly (readonly number[])[],
  options: Parameters<TokenGenerator['generate']>[1],
): Promise<Written[]> {
  const written: Written[] = prompts.map(() => ({ ids: [], isFinished: false }));
  for await (const { prompt, tokenId, finish } of generator.generate(prompts, options)) {
    written[prompt]!.ids.push(tokenId);
    written[prompt]!.isFinished = finish === 'stop';
  }
  return written;
}

/** The answer that was written most often, the first one of equals. */
function commonest(answers: readonly (readonly number[])[]): { ids: readonly number[]; count: number } | undefined {
  const counts = new Map<string, { ids: readonly number[]; count: number }>();
  for (const ids of answers) counts.set(ids.join(), { ids, count: (counts.get(ids.join())?.count ?? 0) + 1 });
  const all = [...counts.values()];
  return all.length > 0 ? all.reduce((a, b) => (b.count > a.count ? b : a)) : undefined;
}

function lineageOf({ model, data, seed, ...params }: DreamInput, { codeVersion }: TaskContext): Lineage {
  return {
    parents: [model],
    data: data.map(({ artifactId }) => artifactId),
    phase: 'training',
    params,
    seed,
    codeVersion,
    metrics: {},
  };
}
