import { BYTES_PER_WEIGHT, forwardFlops, MIB, type Estimate, type Situation } from '../estimate.js';
import { measuringSeconds, readModelsMiB, storedMiB } from '../shared/measuring.js';
import type { BakingParams } from './params.js';

/** A question with a prompt and its answer. */
const ITEM_TOKENS = 32;
/** Teacher forward, student forward and backward, in forward passes. */
const PASSES = 4;
/** Before, half-baked and baked. */
const MODELS = 3;
/** Base, adapted weights and their gradients. */
const WEIGHT_COPIES = 6;
const ACTIVATIONS_PER_TOKEN = 64 * 1024;

/** What a baking and its measuring need. */
export function estimate(params: BakingParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { steps, rows, itemsPerFamily } = params;
  const tokens = rows * ITEM_TOKENS;
  const training = (steps * PASSES * forwardFlops(parameters, tokens)) / situation.trainFlopsPerSecond;
  return {
    steps,
    // Prompted families are kept and measured too: up to three forms of each.
    seconds: training + MODELS * 3 * measuringSeconds(situation, parameters, itemsPerFamily),
    memoryMiB:
      readModelsMiB(MODELS, parameters) +
      (WEIGHT_COPIES * BYTES_PER_WEIGHT * parameters + ACTIVATIONS_PER_TOKEN * tokens) / MIB,
    diskMiB: storedMiB(2, parameters) + situation.dataBytes / MIB,
    makes: { count: 1, parameters },
  };
}
