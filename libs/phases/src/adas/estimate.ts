import { BYTES_PER_WEIGHT, forwardFlops, MIB, type Estimate, type Situation } from '../estimate.js';
import { TRAINING_SHARE } from '../shared/continued.js';
import { measuringSeconds, readModelsMiB, scoringSeconds, storedMiB } from '../shared/measuring.js';
import { typicalShape } from '../shared/typical-shape.js';
import type { AdasParams } from './params.js';

/** Of byte-level models; what is reckoned with it is a small part. */
const VOCABULARY = 272;
/** Forward and backward pass, and an expert's weights out of its factors with their gradient, about as much again as a forward pass of a small batch. */
const PASSES = 4;
/** The decomposition's operations for each matrix, times rows · columns · rank; it runs in JavaScript. */
const SVD_OPERATIONS = 20;
const SVD_FLOPS_PER_SECOND = 1.5e9;
/** Base, factors, and weights made of them with their gradients. */
const WEIGHT_COPIES = 8;
const ACTIVATIONS_PER_TOKEN = 64 * 1024;

/** What experts, their mixtures and measuring them need. */
export function estimate(params: AdasParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { rows, rowLength, maxSeconds, generations, population, shots, itemsPerFamily } = params;
  const experts = params.domains?.length ?? Math.min(params.experts, Math.max(1, situation.families));
  const tokens = rows * rowLength;
  const perStep = (PASSES * forwardFlops(parameters, tokens)) / situation.trainFlopsPerSecond;
  const steps = params.steps ?? Math.max(1, Math.round((TRAINING_SHARE * maxSeconds) / (experts * perStep)));
  const training = params.steps === undefined ? TRAINING_SHARE * maxSeconds : experts * steps * perStep;
  const perMixture = scoringSeconds({ ...situation, families: 1 }, parameters, shots, 0) + perStep / PASSES;
  const mixing = experts * generations * population * perMixture;
  // None, each expert, routed, mixture and shuffled; the choice of domains.
  const measuring = (experts + 5) * measuringSeconds(situation, parameters, itemsPerFamily);
  return {
    steps: experts * steps,
    seconds: decompositionSeconds(parameters) + training + mixing + measuring,
    memoryMiB:
      readModelsMiB(2 * experts + 2, parameters) +
      (WEIGHT_COPIES * BYTES_PER_WEIGHT * parameters + ACTIVATIONS_PER_TOKEN * tokens) / MIB,
    diskMiB: storedMiB(4, parameters) + situation.dataBytes / MIB,
    makes: { count: 1, parameters },
  };
}

function decompositionSeconds(parameters: number): number {
  const { hiddenSize: d, intermediateSize: f, layers } = typicalShape(parameters, VOCABULARY);
  const operations = SVD_OPERATIONS * layers * (4 * d * d * d + 3 * d * d * f);
  return operations / SVD_FLOPS_PER_SECOND;
}
