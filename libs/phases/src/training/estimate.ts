import { checkpointMiB, MIB, trainingFlops, trainingMiB, type Estimate, type Situation } from '../estimate.js';
import { BYTE_VOCABULARY } from '../cognate/estimate.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { measuringSeconds, storedMiB } from '../shared/measuring.js';
import { typicalShape } from '../shared/typical-shape.js';
import type { TrainingParams } from './params.js';
import { planSteps } from './steps.js';

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
    seconds: trainingSeconds + measuring,
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
