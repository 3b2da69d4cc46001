import type { CognateParams } from './params.js';

/** What is decided once for a run: schedules depend on the numbers of steps, so nothing that comes later may change them. */
export interface StepPlan {
  /** Optimiser steps of the trunk, and of each seed and the generalist. */
  trunk: number;
  seed: number;
  /** What was measured, in seconds for one step; 0 where the recipe says the steps. */
  secondsPerStep: number;
  [name: string]: number;
}

/** The share of a time budget that trainings get; the rest is for measuring what they made. */
const TRAINING_SHARE = 0.9;

/**
 * Steps of trunk and seeds, out of the recipe or out of its time. The steps of a recipe are those of trunk and seeds; its time is for the generalist too.
 * @param secondsPerStep as measured; not needed where the recipe says the steps
 */
export function planSteps(
  params: Pick<CognateParams, 'steps' | 'trunkShare' | 'generalist' | 'maxSeconds'>,
  seeds: number,
  secondsPerStep = 0,
): StepPlan {
  const { trunkShare, generalist, maxSeconds } = params;
  const seedShare = (1 - trunkShare) / seeds;
  const whole = trunkShare + seedShare * (seeds + (generalist ? 1 : 0));
  const total = params.steps ?? (TRAINING_SHARE * maxSeconds) / (secondsPerStep * whole);
  return { trunk: Math.round(total * trunkShare), seed: Math.max(1, Math.round(total * seedShare)), secondsPerStep };
}
