import type { TaskItem } from '@agent-forge/data';
import { createGenerator, endTokens, type BakeExample, type Model, type TokenConstraint } from '@agent-forge/model';
import { encoderOf } from '../shared/families.js';

/** How answers are drawn. */
export interface Drawing {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: string;
  readonly threads: number;
  readonly signal: AbortSignal;
  /** A form that every answer keeps to. */
  readonly constraint?: TokenConstraint | undefined;
}

/** Prompts that are answered together. */
const BATCH = 64;

/** The ids that a model writes to each item, its end token among them. */
export async function answersOf(model: Model, items: readonly TaskItem[], how: Drawing): Promise<number[][]> {
  const { threads, constraint, ...options } = how;
  const encoder = encoderOf(model);
  const written: number[][] = items.map(() => []);
  const generator = await createGenerator(model, { threads, batchSize: BATCH });
  try {
    const prompts = items.map((item) => encoder.encodePrompt(item));
    const longest = Math.max(...prompts.map(({ length }) => length));
    const maxTokens = Math.min(options.maxTokens, Math.max(1, generator.maxContext - longest));
    const all = { ...options, maxTokens, stopTokens: endTokens(model), ...(constraint ? { constraint } : {}) };
    for await (const { prompt, tokenId } of generator.generate(prompts, all)) written[prompt]!.push(tokenId);
  } finally {
    await generator.release();
  }
  return written;
}

/** What an answer says. */
export function textOf(model: Model, ids: readonly number[]): string {
  return model.tokenizer!.decode([...ids], { skipSpecialTokens: true });
}

/**
 * Items with the teacher's own answers. Where they are baked, the student is to give those without the system prompt; the others it is to answer as before.
 */
export async function drawExamples(
  model: Model,
  items: readonly TaskItem[],
  isBaked: boolean,
  how: Drawing,
): Promise<BakeExample[]> {
  const answers = await answersOf(model, items, how);
  return items.map((item, i) => exampleOf(model, item, isBaked, answers[i]!));
}

/** An item with an answer of the teacher's. */
export function exampleOf(model: Model, item: TaskItem, isBaked: boolean, answer: readonly number[]): BakeExample {
  const encoder = encoderOf(model);
  const { system: _, ...plain } = item;
  const prompted = encoder.encodePrompt(item);
  return { prompted, plain: isBaked ? encoder.encodePrompt(plain) : prompted, answer };
}
