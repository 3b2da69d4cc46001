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

/** What is to stay as it is. */
export interface Kept {
  /** Plain families with their weights in the mix. */
  readonly plain: FamilyMix;
  /** Families under system prompts. */
  readonly prompted: readonly string[];
}

/**
 * What may be kept: families of the mix that no bake changes, and every plain family of the mix under personas and beside the tool: without prompted ones a bake
 * looks perfect and destroys the following of other prompts.
 */
export function keepable(mix: FamilyMix, bakes: readonly Queries[]): Kept {
  const baked = new Set(bakes.flatMap(({ queries = [] }) => queries));
  const names = Object.keys(mix);
  const plain = names.filter((name) => !isPrompted(name));
  const forms = plain.flatMap((name) => [`${name}@end`, ...(name === 'word' ? [] : [`${name}@tool`])]);
  return {
    plain: Object.fromEntries(Object.entries(mix).filter(([name]) => !baked.has(name) && !isPrompted(name))),
    prompted: [...new Set([...names.filter(isPrompted), ...forms])],
  };
}

/** Whether the items of a family stand under a system prompt. */
function isPrompted(family: string): boolean {
  return family.includes('@') || family === 'tool';
}
