import type { TrainingParams } from './params.js';

/** What is decided once for a run: schedules depend on the number of steps, so nothing that comes later may change it. */
export interface StepPlan {
  /** Optimiser steps of each arm. */
  steps: number;
  /** What was measured, in seconds for one step; 0 where the recipe says the steps. */
  secondsPerStep: number;
  [name: string]: number;
}

/** The share of a time budget that trainings get; the rest is for measuring what they made. */
const TRAINING_SHARE = 0.9;

/**
 * Steps of each arm, out of the recipe or out of its time.
 * @param secondsPerStep as measured; not needed where the recipe says the steps
 */
export function planSteps(
  { steps, maxSeconds, arms }: Pick<TrainingParams, 'steps' | 'maxSeconds' | 'arms'>,
  secondsPerStep = 0,
): StepPlan {
  const affordable = Math.round((TRAINING_SHARE * maxSeconds) / (arms.length * secondsPerStep));
  return { steps: steps ?? Math.max(1, affordable), secondsPerStep };
}
