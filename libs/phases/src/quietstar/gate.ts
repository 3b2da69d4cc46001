import type { PhaseOutcome } from '@agent-forge/run';
import type { QuietstarParams } from './params.js';

/** The whole mix may lose no more accuracy than the recipe allows. (Whether thinking helps is for `onNoGain`.) */
export function gate({ metrics }: Pick<PhaseOutcome, 'metrics'>, { maxRegression }: QuietstarParams): string[] {
  const { regression } = metrics;
  if (regression !== undefined && regression <= maxRegression) return [];
  return [
    regression === undefined
      ? 'regression was not measured'
      : `the whole mix lost ${regression.toFixed(3)} of accuracy, over maxRegression ${maxRegression}`,
  ];
}
