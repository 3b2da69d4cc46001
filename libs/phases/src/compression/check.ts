import type { ParamMistake } from '../param-mistakes.js';
import { candidateOf, isTernaryCodec, TABLE_CODECS } from './candidate.js';
import type { CompressionParams } from './params.js';

/** Rules of choice that are no name of a candidate. */
export const RULES = ['smallest', 'closest'];

/** What the schema of the parameters cannot say. */
export function check({ candidates, choose }: CompressionParams): ParamMistake[] {
  const mistakes: ParamMistake[] = [];
  for (const [i, name] of candidates.entries()) {
    const { tables } = candidateOf(name);
    if (isTernaryCodec(tables))
      mistakes.push({
        path: ['candidates', String(i)],
        problem: `is ${name}; embedding and head are not ternary, so that behind the + stands one of ${TABLE_CODECS.join(', ')}`,
      });
  }
  if (!RULES.includes(choose) && !candidates.includes(choose))
    mistakes.push({
      path: ['choose'],
      problem: `is ${choose}; it must be ${RULES.join(' or ')}, or one of the candidates (${candidates.join(', ')})`,
    });
  return mistakes;
}
