import type { Estimate, Situation } from '../estimate.js';
import { estimateContinued } from '../shared/continued.js';
import { trainingsOf, type QuietstarParams } from './params.js';

/** Models that are measured, some of them several times. */
const MEASURED = 9;

/** What teaching, its controls, reinforcement and distilling need. */
export function estimate(params: QuietstarParams, situation: Situation): Estimate {
  return estimateContinued(params, situation, {
    trainings: trainingsOf(params) + 1,
    measured: MEASURED,
    copies: trainingsOf(params) + 2,
  });
}
