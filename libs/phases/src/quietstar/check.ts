import type { ParamMistake } from '../param-mistakes.js';
import { familyMistakes } from '../shared/add-families.js';
import { inManner } from './mixes.js';
import type { QuietstarParams } from './params.js';

/** What the schema of the parameters cannot say: what is taught must have steps to teach. */
export function check({ teach }: QuietstarParams): ParamMistake[] {
  return familyMistakes(
    teach.map((name) => inManner(name, 'think')),
    (_, index) => ['teach', String(index)],
  );
}
