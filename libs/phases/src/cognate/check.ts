import type { ParamMistake } from '../param-mistakes.js';
import type { CognateParams } from './params.js';

/** What the schema of the parameters cannot say: how they must fit to each other and to the recipe's families. */
export function check(params: CognateParams, families: Readonly<Record<string, number>>): ParamMistake[] {
  const { hiddenSize, heads, rowLength, contextLength, seeds = {} } = params;
  const mistakes: ParamMistake[] = [];
  if (hiddenSize % (2 * heads) !== 0)
    mistakes.push({ path: ['heads'], problem: `is ${heads}; it must divide hiddenSize ${hiddenSize} into even parts` });
  if (rowLength > contextLength)
    mistakes.push({
      path: ['rowLength'],
      problem: `is ${rowLength}, more than the ${contextLength} positions of contextLength`,
    });
  for (const [name, given] of Object.entries(seeds)) {
    for (const family of Array.isArray(given) ? given : Object.keys(given)) {
      if (Object.hasOwn(families, family)) continue;
      const known = Object.keys(families).join(', ') || 'it is empty';
      const problem = `names the family ${family.slice(0, 80)}, which is not in the mix (${known})`;
      mistakes.push({ path: ['seeds', name], problem });
    }
  }
  return mistakes;
}
