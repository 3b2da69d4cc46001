import { forwardFlops, MIB, trainingMiB, type Estimate, type ModelShape, type Situation } from '../estimate.js';
import { TRAINING_SHARE } from '../shared/continued.js';
import { measuringSeconds, scoringSeconds, storedMiB } from '../shared/measuring.js';
import { BYTE_VOCABULARY, typicalShape } from '../shared/typical-shape.js';
import type { AdasParams } from './params.js';

/** Forward and backward pass over the tokens; over the matrices that an expert is made of, in forward passes of as many tokens as a matrix has ranks. */
const TOKEN_PASSES = 3;
const RANK_PASSES = 2;
/** The decomposition's operations for each matrix, times rows · columns · rank; it runs in JavaScript. */
const SVD_OPERATIONS = 20;
const SVD_FLOPS_PER_SECOND = 1.5e9;
/** Writing an answer token by token, in readings of it at once: agents answer, some of them several times. */
const ANSWER_PASSES = 3;
/** The designs by hand, and about so many agents on the front. */
const DESIGNS = 9;
const FRONT = 4;
/** The base model, its factors and its experts, each measured in a session of its own, beside the training. */
const COPIES = 4;

/** What experts, their mixtures and measuring them need. */
export function estimate(params: AdasParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { rows, rowLength, maxSeconds, generations, population, shots, itemsPerFamily } = params;
  const experts = params.domains?.length ?? Math.min(params.experts, Math.max(1, situation.families));
  const trainings = experts + (params.generalist ? 1 : 0);
  const shape = typicalShape(parameters, BYTE_VOCABULARY);
  const tokens = rows * rowLength;
  const passSeconds = (of: number) => forwardFlops(parameters, of) / situation.trainFlopsPerSecond;
  const perStep = TOKEN_PASSES * passSeconds(tokens) + RANK_PASSES * passSeconds(shape.hiddenSize);
  const steps = params.steps ?? Math.max(1, Math.round((TRAINING_SHARE * maxSeconds) / (trainings * perStep)));
  const training = params.steps === undefined ? TRAINING_SHARE * maxSeconds : trainings * steps * perStep;
  const perMixture =
    scoringSeconds({ ...situation, families: 1 }, parameters, shots, 0) + passSeconds(shape.hiddenSize);
  const mixing = experts * generations * population * perMixture;
  // None, each expert and the generalist, routed, mixture and shuffled; the choice of domains.
  const measuring = (trainings + 5) * measuringSeconds(situation, parameters, itemsPerFamily);
  return {
    steps: trainings * steps,
    seconds: decompositionSeconds(shape) + training + mixing + agentSeconds(params, situation) + measuring,
    memoryMiB:
      trainingMiB(shape, { rows, rowLength, optimizer: 'adamw' }) + storedMiB(COPIES + 2 * trainings, parameters),
    diskMiB: storedMiB(4, parameters) + situation.dataBytes / MIB,
    makes: { count: 1, parameters },
  };
}

function agentSeconds({ agents }: AdasParams, situation: Situation): number {
  const { generations, population, items, reportItems } = agents;
  if (generations === 0 || situation.families === 0) return 0;
  const answers = (DESIGNS + generations * population) * items + FRONT * reportItems;
  return ANSWER_PASSES * measuringSeconds({ ...situation, dataBytes: 0 }, situation.models.parameters, answers);
}

function decompositionSeconds({ hiddenSize: d, intermediateSize: f, layers }: ModelShape): number {
  const operations = SVD_OPERATIONS * layers * (4 * d * d * d + 3 * d * d * f);
  return operations / SVD_FLOPS_PER_SECOND;
}
