import { BYTES_PER_WEIGHT, FLOPS_PER_UPDATE, MIB, type Estimate, type Situation } from '../estimate.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { measuringSeconds, readModelsMiB, storedMiB } from '../shared/measuring.js';
import type { QuietstarParams } from './params.js';

/** The thinking model and its two controls. */
const ARMS = 3;
/** A prompt and its answer, where thoughts stand in items. */
const ITEM_TOKENS = 24;
/** Where nothing says how long a thought is. */
const THOUGHT_TOKENS = 8;
/** Forward and backward pass, in operations for each weight and token. */
const TRAIN = 6;
const FORWARD = 2;
/** Weights, gradients, optimiser state and their copies; activations of a batch come on top. */
const WEIGHT_COPIES = 16;
const ACTIVATIONS_PER_TOKEN = 64 * 1024;

/** What a warm start and a reinforcement of three arms need, and measuring them in seven forms. */
export function estimate(params: QuietstarParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { warmSteps, warmRows, rowLength, steps, rows, passes, thoughtsPerText, talkTokens } = params;
  const thought = (params.thoughtTokens ?? THOUGHT_TOKENS) + 2;
  const inText = situation.families === 0;
  const width = inText ? rowLength + thoughtsPerText * (thought + talkTokens) : ITEM_TOKENS + thought + talkTokens;
  const update = FLOPS_PER_UPDATE * parameters;
  const warm = ARMS * warmSteps * (TRAIN * parameters * warmRows * rowLength + update);
  // Each token of a thought is a pass of its own, and rewards are one more.
  const perThinking = rows * passes * width * parameters * (FORWARD * thought + TRAIN);
  const perControl = rows * width * parameters * (FORWARD + TRAIN);
  const think = steps * (perThinking + 2 * perControl + ARMS * update);
  const training = (warm + think) / situation.trainFlopsPerSecond;
  const tokens = Math.max(warmRows * rowLength, rows * passes * width);
  const checkpoints = Math.floor(training / CHECKPOINT_SECONDS);
  return {
    steps: ARMS * (warmSteps + steps),
    seconds: training + 7 * measuringSeconds(situation, parameters, params.itemsPerFamily),
    memoryMiB:
      readModelsMiB(2 * ARMS + 1, parameters) +
      (WEIGHT_COPIES * BYTES_PER_WEIGHT * parameters + ACTIVATIONS_PER_TOKEN * tokens) / MIB,
    diskMiB: storedMiB(4 * ARMS + 3 * checkpoints, parameters) + situation.dataBytes / MIB,
    makes: { count: 2, parameters },
  };
}
