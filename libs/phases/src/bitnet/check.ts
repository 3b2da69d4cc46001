import type { ParamMistake } from '../param-mistakes.js';
import { familyMistakes } from '../shared/add-families.js';
import type { BitnetParams } from './params.js';

/** What the schema of the parameters cannot say. */
export function check({ addFamilies }: BitnetParams): ParamMistake[] {
  return familyMistakes(Object.keys(addFamilies), (name) => ['addFamilies', name]);
}
