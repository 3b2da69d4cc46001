import { createFamily, distinctItems, keyOfPrompt, splitOf, type Part, type TaskItem } from '@agent-forge/data';
import { ForgeError } from '@agent-forge/contracts';
import type { FamilyMix } from '../shared/families.js';
import type { Bake } from './params.js';

/** What a bake is for, as plain JSON. */
export type Queries = Pick<Bake, 'prompt' | 'queries' | 'questions'>;

/** Family of somebody's own questions: none, so that nothing says what is right. */
const OWN = 'file';

/**
 * The plain questions of a bake in one part.
 * @throws ForgeError DATA_INVALID when there is none
 */
export function questionsOf(
  { queries = [], questions = [] }: Queries,
  part: Part,
  each: number,
  seed: string,
): TaskItem[] {
  const own = questions.map((prompt) => ({ family: OWN, key: keyOfPrompt(prompt), prompt, answer: '', difficulty: 0 }));
  const items = [
    ...queries.flatMap((family) => distinctItems(createFamily(family), part, each, seed)),
    ...own.filter(({ key }) => splitOf(key) === part),
  ];
  if (items.length > 0) return items;
  throw new ForgeError(
    'DATA_INVALID',
    `none of the ${questions.length} questions of a bake falls into the ${part} part, which holds about one in ten; name more of them`,
  );
}

/** An item under a system prompt. */
export function under(item: TaskItem, system: string): TaskItem {
  return { ...item, system };
}

/**
 * Families that are to stay as they are: those of the mix that no bake changes, and every plain family of the mix under personas and beside the tool: without
 * prompted ones a bake looks perfect and destroys the following of other prompts.
 */
export function keptFamilies(mix: FamilyMix, bakes: readonly Queries[]): string[] {
  const baked = new Set(bakes.flatMap(({ queries = [] }) => queries));
  const plain = Object.keys(mix).filter((name) => !name.includes('@') && name !== 'tool');
  const prompted = plain.flatMap((name) => [`${name}@end`, ...(name === 'word' ? [] : [`${name}@tool`])]);
  const names = [...Object.keys(mix).filter((name) => !baked.has(name)), ...prompted];
  return [...new Set(names)];
}
