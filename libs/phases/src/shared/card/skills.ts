import type { Interval, PhaseReport, ReportRow } from '../report.js';

/** What a phase passed on, as it was measured on the report part. */
export interface PassedOn {
  /** The phase; of several models that it passed on, the phase and the row. */
  readonly name: string;
  readonly row: ReportRow;
}

/** What each phase passed on, in the order of the pipeline. */
export function passedOn(reports: readonly PhaseReport[]): PassedOn[] {
  return reports.flatMap(({ phase, rows, results = [] }) => {
    const found = rows.filter(({ name }) => results.includes(name));
    return found.map((row) => ({ name: found.length === 1 ? phase : `${phase}: ${row.name}`, row }));
  });
}

/** Task families that anything was measured on, in the order in which they come. */
export function familiesOf(steps: readonly PassedOn[]): string[] {
  return [...new Set(steps.flatMap(({ row }) => Object.keys(row.families ?? {})))];
}

/**
 * Which skills a later phase lost: families on which the final model's interval lies below that of a model which an earlier phase passed on, with the
 * phase behind which it first does.
 */
export function lostSkills(steps: readonly PassedOn[]): string[] {
  const final = steps.at(-1);
  if (final === undefined) return [];
  return familiesOf(steps).flatMap((family) => {
    const scores = steps.map(({ row }) => row.families?.[family]?.accuracy);
    const best = scores.reduce<Interval | undefined>(
      (a, b) => (b && (!a || b.estimate > a.estimate) ? b : a),
      undefined,
    );
    const last = scores.at(-1);
    if (!best || !last || last.high >= best.low) return [];
    const from = scores.indexOf(best);
    const at = scores.findIndex((score, i) => i > from && score !== undefined && score.high < best.low);
    return [
      `${family} was at ${percent(best.estimate)} after ${steps[from]!.name} and is at ${percent(last.estimate)} now; ${steps[at]!.name} lost it`,
    ];
  });
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
