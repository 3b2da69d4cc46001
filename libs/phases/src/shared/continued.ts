import { Type, type Static, type TObject } from '@sinclair/typebox';
import { checkpointMiB, forwardFlops, trainingMiB, type Estimate, type Situation } from '../estimate.js';
import { CHECKPOINT_SECONDS } from './limits.js';
import { measuringSeconds, storedMiB } from './measuring.js';
import { BYTE_VOCABULARY, typicalShape } from './typical-shape.js';

/** What every phase that trains a model on takes. */
export const CONTINUED = {
  steps: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 10_000_000,
      description: 'Optimiser steps of each training, instead of maxSeconds.',
    }),
  ),
  textShare: Type.Number({
    default: 0.5,
    minimum: 0,
    maximum: 1,
    description: 'Part of the batches that are text, where a recipe has both text and task families.',
  }),
  rowLength: Type.Integer({ default: 64, minimum: 8, maximum: 8192, description: 'Tokens in a row of a batch.' }),
  rows: Type.Integer({ default: 12, minimum: 1, maximum: 4096, description: 'Rows in a batch.' }),
  maxRollbacks: Type.Integer({
    default: 3,
    minimum: 0,
    maximum: 20,
    description: 'Times that a training which diverges is rolled back to its last good state, with half the rate.',
  }),
  itemsPerFamily: Type.Integer({
    default: 200,
    minimum: 10,
    maximum: 10_000,
    description: 'Items of each family that everything is measured on.',
  }),
};

/** The parameters that {@link CONTINUED} gives, and the time for all trainings. */
export type ContinuedParams = Static<TObject<typeof CONTINUED>> & { readonly maxSeconds: number };

/** The share of a time budget that trainings get; the rest is for measuring what they made. */
export const TRAINING_SHARE = 0.85;

/**
 * What so many trainings of the input need, and measuring so many models.
 * @param copies of the weights that are stored at the end
 */
export function estimateContinued(
  params: ContinuedParams,
  situation: Situation,
  { trainings, measured, copies }: { readonly trainings: number; readonly measured: number; readonly copies: number },
): Estimate {
  const { parameters } = situation.models;
  const tokens = params.rows * params.rowLength;
  // A backward pass is two forward passes.
  const secondsPerStep = (3 * forwardFlops(parameters, tokens)) / situation.trainFlopsPerSecond;
  const steps =
    params.steps ?? Math.max(1, Math.round((TRAINING_SHARE * params.maxSeconds) / (trainings * secondsPerStep)));
  const trainingSeconds =
    params.steps === undefined ? TRAINING_SHARE * params.maxSeconds : trainings * steps * secondsPerStep;
  const checkpoints = Math.floor(trainingSeconds / CHECKPOINT_SECONDS);
  return {
    steps: trainings * steps,
    seconds: trainingSeconds + measured * measuringSeconds(situation, parameters, params.itemsPerFamily),
    memoryMiB: trainingMiB(typicalShape(parameters, BYTE_VOCABULARY), { ...params, optimizer: 'adamw' }),
    diskMiB: storedMiB(copies, parameters) + checkpoints * checkpointMiB(parameters, 'adamw'),
    makes: { count: 1, parameters },
  };
}
