import type { PhaseOutcome } from '@agent-forge/run';
import type { AdasParams } from './params.js';

/** Experts must not hurt their own domains, questions must reach them, and what goes into the weights must not cost the whole mix. */
export function gate(
  { metrics }: Pick<PhaseOutcome, 'metrics'>,
  { minGain, minDispatch, maxRegression }: AdasParams,
): string[] {
  const { gain = NaN, dispatchAccuracy = NaN, regression = 0 } = metrics;
  const problems: string[] = [];
  if (!(gain >= minGain))
    problems.push(`experts gain ${gain.toFixed(3)} on their own domains, below minGain ${minGain}`);
  if (!(dispatchAccuracy >= minDispatch))
    problems.push(
      `${dispatchAccuracy.toFixed(3)} of the questions reach their expert, below minDispatch ${minDispatch}`,
    );
  if (!(regression <= maxRegression))
    problems.push(`what was applied costs ${regression.toFixed(3)}, over maxRegression ${maxRegression}`);
  return problems;
}
