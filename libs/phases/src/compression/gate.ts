import type { PhaseOutcome } from '@agent-forge/run';
import type { CompressionParams } from './params.js';

/** The small model must keep most of what came in, and must be smaller. */
export function gate({ metrics }: Pick<PhaseOutcome, 'metrics'>, { minReportRetention }: CompressionParams): string[] {
  const { retention, timesSmaller = Number.NaN } = metrics;
  const problems: string[] = [];
  if (retention === undefined) problems.push('retention was not measured');
  else if (!(retention >= minReportRetention))
    problems.push(`retention is ${retention.toFixed(3)}, below minReportRetention ${minReportRetention}`);
  if (!(timesSmaller > 1)) problems.push('what was chosen is no smaller than what came in');
  return problems;
}
