import { checkpointMiB, MIB, trainingFlops, trainingMiB, type Estimate, type Situation } from '../estimate.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { measuringSeconds, scoringSeconds, storedMiB } from '../shared/measuring.js';
import { BYTE_VOCABULARY, typicalShape } from '../shared/typical-shape.js';
import type { TrainingParams } from './params.js';
import { planSteps } from './steps.js';

/** Writing a token costs about as much as reading so many: it is done one after the other. */
export const WRITING = 8;

/** What training and measuring the arms needs; of the model that comes in, only its number of weights is known. */
export function estimate(params: TrainingParams, situation: Situation): Estimate {
  const { parameters } = situation.models;
  const { arms, itemsPerFamily, optimizer } = params;
  const shape = typicalShape(parameters, BYTE_VOCABULARY);
  const secondsPerStep = trainingFlops(shape, params) / situation.trainFlopsPerSecond;
  const { steps } = planSteps(params, secondsPerStep);
  const trainingSeconds = arms.length * steps * secondsPerStep;
  // On the select part and on the report part.
  const measuring = 2 * (arms.length + 1) * measuringSeconds(situation, parameters, itemsPerFamily);
  const filter = storedMiB(filterCopies(params), parameters);
  const checkpoints = Math.floor(trainingSeconds / CHECKPOINT_SECONDS);
  return {
    steps: arms.length * steps,
    seconds:
      trainingSeconds + measuring + orderingSeconds(params, situation, steps) + dreamingSeconds(params, situation),
    // Two sets of the filter's state take turns as input and output.
    memoryMiB: trainingMiB(shape, params) + 2 * filter + storedMiB(arms.length + 1, parameters),
    diskMiB:
      storedMiB(arms.length + 1, parameters) +
      checkpoints * (checkpointMiB(parameters, optimizer) + filter) +
      situation.dataBytes / MIB,
    makes: { count: arms.length, parameters },
  };
}

/** Copies of all weights that the gradient filter keeps. */
function filterCopies({ arms, grokfastFilter, grokfastWindow }: TrainingParams): number {
  if (!arms.includes('grokfast')) return 0;
  return grokfastFilter === 'ema' ? 1 : grokfastWindow;
}

/** Ranking a pool, and measuring success every so many steps. */
function orderingSeconds(params: TrainingParams, situation: Situation, steps: number): number {
  const { curriculum, edgeOfChaos, poolItems, steerEvery, successWindow, arms } = params;
  const { parameters } = situation.models;
  const scoring = (items: number) => scoringSeconds({ ...situation, families: 1 }, parameters, items, 0);
  const ranking = curriculum === 'loss' || edgeOfChaos ? scoring(poolItems) : 0;
  const measurement = measuringSeconds({ ...situation, families: 1, dataBytes: 0 }, parameters, successWindow);
  const steered = arms.filter((arm) => arm !== 'shuffled').length;
  return ranking + (edgeOfChaos ? (steered * steps * measurement) / steerEvery : 0);
}

function dreamingSeconds({ arms, dreamItems, dreamSamples }: TrainingParams, situation: Situation): number {
  if (!arms.includes('dream')) return 0;
  const written = WRITING * dreamItems * dreamSamples;
  return scoringSeconds({ ...situation, families: 1 }, situation.models.parameters, written, 0);
}
