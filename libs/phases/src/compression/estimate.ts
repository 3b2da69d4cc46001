import type { Estimate, Situation } from '../estimate.js';
import { measuringSeconds, readModelsMiB, storedMiB } from '../shared/measuring.js';
import { candidateOf } from './candidate.js';
import type { CompressionParams } from './params.js';

/** Weights that a codec encodes in a second, codebooks and moments included: measured, see docs/LOG.md; the others take next to nothing. */
const ENCODED_PER_SECOND: Readonly<Record<string, number>> = { seedlm4: 7e4, seedlm3: 9e4, vq2: 4e5, vq3: 6e5 };
const PLAIN_PER_SECOND = 5e6;
/** Before, teacher, after, and the one that could have been chosen as well. */
const MEASURED = 4;
/** Source, candidate and teacher, and the tables of SeedLM. */
const IN_MEMORY = 4;

/** What making and measuring all candidates needs. */
export function estimate(params: CompressionParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { candidates, selectItemsPerFamily, divergenceItemsPerFamily, itemsPerFamily, exports } = params;
  const codecs = new Set(candidates.map((name) => candidateOf(name).matrices));
  let seconds = 0;
  for (const codec of codecs) seconds += parameters / (ENCODED_PER_SECOND[codec] ?? PLAIN_PER_SECOND);
  // The divergence reads its items with the teacher as well.
  const each =
    measuringSeconds(situation, parameters, selectItemsPerFamily) +
    2 * measuringSeconds(situation, parameters, divergenceItemsPerFamily);
  seconds +=
    candidates.length * each + (MEASURED + exports.length) * measuringSeconds(situation, parameters, itemsPerFamily);
  return {
    steps: candidates.length,
    seconds,
    memoryMiB: readModelsMiB(IN_MEMORY, parameters),
    diskMiB: storedMiB(2, parameters),
    makes: { count: 1, parameters },
  };
}
