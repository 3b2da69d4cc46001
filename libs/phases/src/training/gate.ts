import type { PhaseOutcome } from '@agent-forge/run';
import type { TrainingParams } from './params.js';

/**
 * The result may be worse than the input by no more than the recipe allows, and its loss must have fallen as far as the recipe asks. (That no arm diverged
 * for good, and the audit of the weights, are no gates: they throw.)
 */
export function gate(
  { metrics }: Pick<PhaseOutcome, 'metrics'>,
  { maxRegression, minLossReduction }: TrainingParams,
): string[] {
  const { regression = NaN, lossReduction = NaN } = metrics;
  const problems: string[] = [];
  if (!(regression <= maxRegression))
    problems.push(`the result is ${regression.toFixed(3)} worse than the input, over maxRegression ${maxRegression}`);
  if (minLossReduction !== undefined && !(lossReduction >= minLossReduction))
    problems.push(`the loss fell by ${lossReduction.toFixed(2)}, less than minLossReduction ${minLossReduction}`);
  return problems;
}
