import { ForgeError } from '@agent-forge/contracts';
import { mergeRecipeOf, referencesOf } from '@agent-forge/merge';
import type { ParamMistake } from '../param-mistakes.js';
import type { EvomergeParams } from './params.js';

/** What the schema of the parameters cannot say: a recipe of mergekit's must be one, and of models that will be there. */
export function check(
  { recipe }: EvomergeParams,
  _families: Readonly<Record<string, number>>,
  models: readonly string[],
): ParamMistake[] {
  if (recipe === undefined) return [];
  try {
    const unknown = referencesOf(mergeRecipeOf(recipe)).find(({ text }) => !models.some((role) => fits(text, role)));
    if (unknown === undefined) return [];
    const known = models.length === 0 ? 'there is none' : `there are ${models.join(', ')}`;
    return [{ path: ['recipe'], problem: `names the model "${unknown.text.slice(0, 80)}"; ${known}` }];
  } catch (error) {
    // The place is one in a text that nobody wrote.
    const problem = ForgeError.from(error).message.replace(/^recipe:\d+:\d+: /, '');
    return [{ path: ['recipe'], problem: `is refused: ${problem}` }];
  }
}

function fits(name: string, role: string): boolean {
  return role.endsWith('*') ? name.startsWith(role.slice(0, -1)) : name === role;
}
