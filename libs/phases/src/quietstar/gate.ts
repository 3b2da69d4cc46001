import type { PhaseOutcome } from '@agent-forge/run';
import type { QuietstarParams } from './params.js';

type Metrics = Pick<PhaseOutcome, 'metrics'>;

/** Thinking must beat every control by its whole interval, unless the recipe keeps it anyway, and the other families must not suffer. A model that was passed through is the one that came in. */
export function gate(outcome: Metrics, params: QuietstarParams): string[] {
  return outcome.metrics['passedThrough'] === 1 ? [] : problemsOf(outcome, params);
}

/** What keeps the thinking model from being passed on. */
export function problemsOf({ metrics }: Metrics, { onNoGain, minGain, maxRegression }: QuietstarParams): string[] {
  const { gainLow = NaN, regression = 0 } = metrics;
  const problems: string[] = [];
  if (onNoGain !== 'keep' && !(gainLow > minGain))
    problems.push(
      `the gain of thinking over its controls may be as low as ${gainLow.toFixed(3)}, not above minGain ${minGain}`,
    );
  if (!(regression <= maxRegression))
    problems.push(`what is not thought about got ${regression.toFixed(3)} worse, over maxRegression ${maxRegression}`);
  return problems;
}
