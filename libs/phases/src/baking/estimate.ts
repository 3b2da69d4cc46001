import { BYTES_PER_WEIGHT, forwardFlops, MIB, type Estimate, type Situation } from '../estimate.js';
import { measuringSeconds, readModelsMiB, storedMiB } from '../shared/measuring.js';
import type { BakingParams } from './params.js';

/** A question with a prompt and its answer. */
const ITEM_TOKENS = 48;
/** Tokens of an answer, on average. */
const ANSWER_TOKENS = 12;
/** Teacher forward, student forward and backward, in forward passes. */
const PASSES = 4;
/** A token that is decoded beside 63 others takes as long as so many that are read. */
const DECODING = 8;
/** Before, half-baked and baked. */
const MODELS = 3;
/** Forms of a family: plain, with a persona, beside the tool. */
const FORMS = 3;
/** Base, adapted weights and their gradients. */
const WEIGHT_COPIES = 6;
const ACTIVATIONS_PER_TOKEN = 64 * 1024;

/** What a baking and its measuring need. */
export function estimate(params: BakingParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { bakes, alone, steps, rows, itemsPerFamily, queriesPerFamily } = params;
  const bakings = alone && bakes.length > 1 ? 1 + bakes.length : 1;
  const tokens = rows * ITEM_TOKENS;
  const answers = (count: number) => forwardFlops(parameters, DECODING * ANSWER_TOKENS * situation.families * count);
  const training = steps * PASSES * forwardFlops(parameters, tokens);
  const baking = (training + answers(FORMS * queriesPerFamily)) / situation.trainFlopsPerSecond;
  const models = MODELS - 1 + bakings;
  const measured = { ...situation, families: FORMS * situation.families };
  const measuring =
    measuringSeconds(measured, parameters, itemsPerFamily) + answers(itemsPerFamily) / situation.trainFlopsPerSecond;
  return {
    steps: bakings * steps,
    seconds: bakings * baking + models * measuring,
    memoryMiB:
      readModelsMiB(models, parameters) +
      (WEIGHT_COPIES * BYTES_PER_WEIGHT * parameters + ACTIVATIONS_PER_TOKEN * tokens) / MIB,
    diskMiB: storedMiB(2, parameters) + situation.dataBytes / MIB,
    makes: { count: 1, parameters },
  };
}
