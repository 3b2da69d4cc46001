import { ForgeError } from '@agent-forge/contracts';
import { mergeRecipeOf } from '@agent-forge/merge';
import type { ParamMistake } from '../param-mistakes.js';
import type { EvomergeParams } from './params.js';

/** What the schema of the parameters cannot say: a recipe of mergekit's must be one. */
export function check({ recipe }: EvomergeParams): ParamMistake[] {
  if (recipe === undefined) return [];
  try {
    mergeRecipeOf(recipe);
    return [];
  } catch (error) {
    // The place is one in a text that nobody wrote.
    const problem = ForgeError.from(error).message.replace(/^recipe:\d+:\d+: /, '');
    return [{ path: ['recipe'], problem: `is refused: ${problem}` }];
  }
}
