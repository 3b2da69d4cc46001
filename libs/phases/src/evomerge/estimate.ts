import { MIB, type Estimate, type Situation } from '../estimate.js';
import { measuringSeconds, readModelsMiB, scoringSeconds, storedMiB } from '../shared/measuring.js';
import { TEXT_BYTES, type EvomergeParams } from './params.js';

/** A weight of one model that goes into a merge in memory. */
const SECONDS_PER_MERGED_WEIGHT = 4e-9;
/** The mean, the best and the start are compared on their own items. */
const FINALISTS = 3;
/** Results beside what came in: the plain average and the champion. */
const MADE = 2;

/** What a search, or a recipe's own merge, needs. */
export function estimate(params: EvomergeParams, situation: Situation): Estimate {
  const { models, dataBytes } = situation;
  const { count, parameters } = models;
  const mergeSeconds = count * parameters * SECONDS_PER_MERGED_WEIGHT;
  const measure = mergeSeconds + measuringSeconds(situation, parameters, params.reportItemsPerFamily);
  const isMeasured = situation.families > 0 || dataBytes > 0;
  const measuring = isMeasured ? (2 * count + MADE) * measure : mergeSeconds;
  const common = {
    memoryMiB: readModelsMiB(2 * (count + MADE), parameters),
    diskMiB: storedMiB(2 * (count + 1), parameters) + dataBytes / MIB,
    makes: { count: 1, parameters },
  };
  if (params.recipe !== undefined) return { seconds: measuring, ...common };
  const perCandidate = mergeSeconds + scoringSeconds(situation, parameters, params.itemsPerFamily, TEXT_BYTES);
  const evaluations = params.evaluations ?? params.maxSeconds / perCandidate;
  const search = params.evaluations === undefined ? params.maxSeconds : evaluations * perCandidate;
  const choice = FINALISTS * measure;
  return { steps: Math.round(evaluations), seconds: search + choice + measuring, ...common };
}
