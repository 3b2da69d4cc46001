import type { ReportRow } from '@agent-forge/phases';
import type { PhaseSummary } from './summary.js';

/** The rows of what a phase passed on; where it is one, it has the phase's name. */
export function passedOn({ phase, report: { rows, results = [] } }: PhaseSummary): ReportRow[] {
  const found = rows.filter(({ name }) => results.includes(name));
  return found.length === 1 ? [{ ...found[0]!, name: phase }] : found;
}
