import type { PhaseOutcome } from '@agent-forge/run';
import type { EvomergeParams } from './params.js';

/**
 * The merge may be worse than its best parent by no more than the recipe allows; a recipe's own merge may be unmeasured. (The audit of its weights is no
 * gate: it throws.)
 */
export function gate({ metrics }: Pick<PhaseOutcome, 'metrics'>, { maxRegression, recipe }: EvomergeParams): string[] {
  if (recipe !== undefined && metrics['regression'] === undefined) return [];
  const { regression = NaN } = metrics;
  return regression <= maxRegression
    ? []
    : [`the merge is ${regression.toFixed(3)} worse than its best parent, over maxRegression ${maxRegression}`];
}
