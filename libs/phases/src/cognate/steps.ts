import { measureStepSeconds, type BatchSource, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { CognateParams } from './params.js';

/** What is decided once for a run. */
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

/** A training to time; not needed where the recipe says the steps. */
export interface TimedTraining {
  readonly model: Model;
  readonly source: BatchSource;
  readonly optimizer: OptimizerOptions;
  readonly threads: number;
  readonly signal: AbortSignal;
}

/**
 * Steps of trunk and seeds. Where the recipe gives a time, a few steps are timed, once: schedules depend on the numbers of steps, so nothing that comes
 * later may change them.
 */
export async function planSteps(
  params: CognateParams,
  seeds: number,
  sample: TimedTraining | undefined,
): Promise<StepPlan> {
  const { trunkShare, generalist, maxSeconds } = params;
  const seedShare = (1 - trunkShare) / seeds;
  const whole = trunkShare + seedShare * (seeds + (generalist ? 1 : 0));
  const secondsPerStep = sample === undefined ? 0 : await measureStepSeconds(sample);
  const total = params.steps ?? (TRAINING_SHARE * maxSeconds) / (secondsPerStep * whole);
  return {
    trunk: Math.round(total * trunkShare),
    seed: Math.max(1, Math.round(total * seedShare)),
    secondsPerStep,
  };
}
