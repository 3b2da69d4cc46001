import {
  checkpointMiB,
  MIB,
  parametersOf,
  trainingFlops,
  trainingMiB,
  type Estimate,
  type ModelShape,
  type Situation,
} from '../estimate.js';
import { measuringSeconds, readModelsMiB, storedMiB } from '../shared/measuring.js';
import { CHECKPOINT_SECONDS } from '../shared/limits.js';
import { BYTE_VOCABULARY } from '../shared/typical-shape.js';
import { SPECIALTIES, type CognateParams } from './params.js';
import { planSteps } from './steps.js';

/** The data set itself, and a copy that a training reads. */
const DATA_COPIES = 2;

/** What training a trunk and its seeds needs, or measuring imported models. */
export function estimate(params: CognateParams, situation: Situation): Estimate {
  return situation.models.count > 0 ? ofImported(params, situation) : ofTraining(params, situation);
}

function ofImported({ itemsPerFamily }: CognateParams, situation: Situation): Estimate {
  const { models } = situation;
  const each = measuringSeconds(situation, models.parameters, itemsPerFamily);
  return {
    // Each of them, and their plain average.
    seconds: (models.count + 1) * each,
    memoryMiB: readModelsMiB(models.count + 1, models.parameters),
    diskMiB: storedMiB(2 * models.count, models.parameters),
    makes: models,
  };
}

function ofTraining(params: CognateParams, situation: Situation): Estimate {
  const shape: ModelShape = { ...params, vocabSize: BYTE_VOCABULARY };
  const parameters = parametersOf(shape);
  const seeds = Object.keys(params.seeds ?? SPECIALTIES).length;
  const secondsPerStep = trainingFlops(shape, params) / situation.trainFlopsPerSecond;
  const plan = planSteps(params, seeds, secondsPerStep);
  const branches = 1 + seeds + (params.generalist ? 1 : 0);
  const steps = plan.trunk + (branches - 1) * plan.seed;
  const trainingSeconds = steps * secondsPerStep;
  const measuring = (branches + 1) * measuringSeconds(situation, parameters, params.itemsPerFamily);
  // Old checkpoints stay until garbage is collected.
  const checkpoints = Math.floor(trainingSeconds / CHECKPOINT_SECONDS);
  return {
    steps,
    seconds: trainingSeconds + measuring,
    memoryMiB: Math.max(trainingMiB(shape, params), readModelsMiB(branches + 1, parameters)),
    diskMiB:
      storedMiB(2 * branches, parameters) +
      checkpoints * checkpointMiB(parameters, params.optimizer) +
      (DATA_COPIES * situation.dataBytes) / MIB,
    makes: { count: branches, parameters },
  };
}
