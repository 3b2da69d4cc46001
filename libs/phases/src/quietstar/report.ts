import { compare } from '../shared/compare.js';
import type { Comparison, PhaseReport } from '../shared/report.js';
import { metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import { verdictsOf } from './verdicts.js';

/** The rows: everything before and after, and the answers that are thought about in each form. */
export type RowName = 'before' | 'after' | 'thinking' | Control | 'skipped' | 'taught' | 'distilled';
/** What thinking has to beat. */
export type Control = (typeof CONTROLS)[number];
/** Trained without thoughts; with pauses instead; and the thinking model with the thoughts of others. */
export const CONTROLS = ['no-thoughts', 'pause', 'shuffled'] as const;

/** The table, the paired comparisons, what may be said, and the figures for the log. */
export function reportOf(
  measured: ReadonlyMap<RowName, Measured>,
  figures: Readonly<Record<string, number>>,
): { report: PhaseReport; metrics: Record<string, number> } {
  const gains = CONTROLS.flatMap((control) => compare('thinking', control, measured));
  const reinforced = measured.has('taught') ? compare('thinking', 'taught', measured) : [];
  const distilled = measured.has('distilled') ? compare('thinking', 'distilled', measured) : [];
  const others = [...distilled, ...compare('thinking', 'skipped', measured), ...compare('after', 'before', measured)];
  const regression = regressionOf(measured);
  const metrics: Record<string, number> = {
    ...figures,
    // Too few texts to compare are no gain.
    gainLow: gains.length < CONTROLS.length ? Number.NEGATIVE_INFINITY : lowest(gains),
    ...(regression === undefined ? {} : { regression }),
  };
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  const unit = measured.get('thinking')!.tasks ? 'points' : 'bits per byte';
  const report = {
    phase: 'quietstar',
    rows: [...measured].map(([name, each]) => rowOf(name, each)),
    comparisons: [...gains, ...reinforced, ...others],
    figures,
    verdicts: verdictsOf(gains, unit, {
      wasTaught: (figures['warmSteps'] ?? 0) > 0,
      reinforced: reinforced[0],
      regression,
    }),
  };
  return { report, metrics };
}

function lowest(gains: readonly Comparison[]): number {
  return Math.min(...gains.map(({ difference }) => difference.low));
}

/** How much accuracy the families lost that are not thought about, on average; on text alone how many bits per byte. Undefined where there are none. */
function regressionOf(measured: ReadonlyMap<RowName, Measured>): number | undefined {
  const [before, after] = [measured.get('before')!, measured.get('after')!];
  if (!before.tasks || !after.tasks) return after.text!.bitsPerByte - before.text!.bitsPerByte;
  const about = Object.keys(measured.get('thinking')!.tasks?.families ?? {});
  const others = Object.keys(before.tasks.families).filter((name) => !about.includes(name));
  if (others.length === 0) return undefined;
  const mean = ({ families }: NonNullable<Measured['tasks']>) =>
    others.reduce((sum, name) => sum + families[name]!.accuracy.estimate, 0) / others.length;
  return mean(before.tasks) - mean(after.tasks);
}
