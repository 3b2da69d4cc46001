import type { PhaseOutcome } from '@agent-forge/run';
import type { BakingParams } from './params.js';

type Metrics = Pick<PhaseOutcome, 'metrics'>;

/** Every prompt must be followed without being there, and what was not baked must not suffer. A model that was passed through is the one that came in. */
export function gate(outcome: Metrics, params: BakingParams): string[] {
  return outcome.metrics['passedThrough'] === 1 ? [] : problemsOf(outcome, params);
}

/** What keeps the baked model from being passed on. */
export function problemsOf({ metrics }: Metrics, { minFollowing, maxForgetting }: BakingParams): string[] {
  const { following = NaN, forgetting = 0 } = metrics;
  const problems: string[] = [];
  if (!(following >= minFollowing))
    problems.push(
      `a baked prompt is followed in ${following.toFixed(3)} of the answers, below minFollowing ${minFollowing}`,
    );
  if (!(forgetting <= maxForgetting))
    problems.push(`what was not baked got ${forgetting.toFixed(3)} worse, over maxForgetting ${maxForgetting}`);
  return problems;
}
