import { createFamily, DialogueEncoder, distinctItems, type Part, type TaskItem } from '@agent-forge/data';
import { createGenerator, thoughtMark, type BakeExample, type Model } from '@agent-forge/model';
import type { FamilyMix } from '../shared/families.js';
import type { Bake } from './params.js';

/** How answers are drawn. */
export interface Drawing {
  readonly temperature: number;
  readonly maxTokens: number;
  readonly seed: string;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/** The plain questions of a bake. */
export function queriesOf({ queries }: Pick<Bake, 'queries'>, part: Part, each: number, seed: string): TaskItem[] {
  return queries.flatMap((family) => distinctItems(createFamily(family), part, each, seed));
}

/** An item under a system prompt. */
export function under(item: TaskItem, system: string): TaskItem {
  return { ...item, system };
}

/**
 * Families that are to stay as they are: those of the mix that no bake changes, and every plain family of the mix under personas and beside the tool: without
 * prompted ones a bake looks perfect and destroys the following of other prompts.
 */
export function keptFamilies(mix: FamilyMix, bakes: readonly Pick<Bake, 'queries'>[]): string[] {
  const baked = new Set(bakes.flatMap(({ queries }) => queries));
  const plain = Object.keys(mix).filter((name) => !name.includes('@') && name !== 'tool');
  const prompted = plain.flatMap((name) => [`${name}@end`, ...(name === 'word' ? [] : [`${name}@tool`])]);
  const names = [...Object.keys(mix).filter((name) => !baked.has(name)), ...prompted];
  return [...new Set(names)];
}

/** The ids that a model writes to each item, its end token among them; greedily at a temperature of 0. */
export async function answersOf(model: Model, items: readonly TaskItem[], how: Drawing): Promise<number[][]> {
  const { threads, ...options } = how;
  const encoder = encoderFor(model);
  const written: number[][] = items.map(() => []);
  const generator = await createGenerator(model, { threads, batchSize: 64 });
  try {
    const prompts = items.map((item) => [...encoder.encodePrompt(item)]);
    for await (const { prompt, tokenId } of generator.generate(prompts, options)) written[prompt]!.push(tokenId);
  } finally {
    await generator.release();
  }
  return written;
}

/** What an answer says. */
export function textOf(model: Model, ids: readonly number[]): string {
  return model.tokenizer!.decode([...ids], { skipSpecialTokens: true });
}

/** Items as the teacher is asked, without their system prompt for the student where it is baked, with the teacher's answers. */
export async function drawExamples(
  model: Model,
  items: readonly TaskItem[],
  isBaked: boolean,
  how: Drawing,
): Promise<BakeExample[]> {
  const encoder = encoderFor(model);
  const answers = await answersOf(model, items, how);
  return items.map((item, i) => {
    const { system: _, ...plain } = item;
    const prompted = encoder.encodePrompt(item);
    return { prompted, plain: isBaked ? encoder.encodePrompt(plain) : prompted, answer: answers[i]! };
  });
}

function encoderFor({ tokenizer, config }: Model): DialogueEncoder {
  return new DialogueEncoder(tokenizer!, thoughtMark(config));
}
