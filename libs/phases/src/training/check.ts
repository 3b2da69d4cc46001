import type { ParamMistake } from '../param-mistakes.js';
import { familyMistakes } from '../shared/add-families.js';
import type { TrainingParams } from './params.js';

/** What the schema of the parameters cannot say. */
export function check({ addFamilies, arms, grokfastFilter, grokfastWindow, steps }: TrainingParams): ParamMistake[] {
  const mistakes = familyMistakes(Object.keys(addFamilies), (name) => ['addFamilies', name]);
  if (arms.includes('grokfast') && grokfastFilter === 'ma' && steps !== undefined && grokfastWindow > steps)
    mistakes.push({
      path: ['grokfastWindow'],
      problem: `is ${grokfastWindow}; in ${steps} steps it would never be full, and grokfast would be plain`,
    });
  return mistakes;
}
