import type { ParamMistake } from '../param-mistakes.js';
import type { QuietstarParams } from './params.js';

/** What the schema of the parameters cannot say: how they must fit to each other and to the recipe's families. */
export function check(params: QuietstarParams, mix: Readonly<Record<string, number>>): ParamMistake[] {
  const { families = [], warmSteps, distilSteps, steps, thoughtsPerText, rowLength } = params;
  const mistakes: ParamMistake[] = [];
  for (const family of families) {
    if (Object.hasOwn(mix, family)) continue;
    const known = Object.keys(mix).join(', ') || 'it is empty';
    const problem = `names the family ${family.slice(0, 80)}, which is not in the mix (${known})`;
    mistakes.push({ path: ['families'], problem });
  }
  if (warmSteps + steps === 0)
    mistakes.push({ path: ['steps'], problem: 'is 0, and warmSteps too; nothing would be trained' });
  if (warmSteps > 0 && Object.keys(mix).length === 0)
    mistakes.push({
      path: ['warmSteps'],
      problem: `is ${warmSteps}; only task families have derivations to teach, and the recipe names none`,
    });
  if (distilSteps > 0 && Object.keys(mix).length === 0)
    mistakes.push({
      path: ['distilSteps'],
      problem: `is ${distilSteps}; only answers of task families can be distilled, and the recipe names none`,
    });
  if (thoughtsPerText > rowLength)
    mistakes.push({ path: ['thoughtsPerText'], problem: `is ${thoughtsPerText}, more than rowLength ${rowLength}` });
  return mistakes;
}
