import { compare } from '../shared/compare.js';
import type { PhaseReport } from '../shared/report.js';
import { lossOf, metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import { INPUT, type Choice } from './choose.js';
import { verdictsOf } from './verdicts.js';

/** The table of the input and all arms, each arm against the input and against `plain`, and the figures for the log. */
export function reportOf(
  choice: Choice,
  measured: ReadonlyMap<string, Measured>,
  artifactIds: ReadonlyMap<string, string>,
): { report: PhaseReport; metrics: Record<string, number> } {
  const arms = [...measured.keys()].filter((name) => name !== INPUT);
  const controls = [INPUT, 'plain'].filter((name) => measured.has(name));
  const comparisons = arms.flatMap((arm) =>
    controls.filter((control) => control !== arm).flatMap((control) => compare(arm, control, measured)),
  );
  const rows = [...measured].map(([name, each]) => rowOf(name, each, artifactIds.get(name)));
  const [before, after] = [measured.get(INPUT)!, measured.get(choice.chosen)!];
  const figures = { regression: regressionOf(before, after), lossReduction: 1 - lossOf(after) / lossOf(before) };
  const verdicts = verdictsOf(choice, comparisons, before.tasks ? 'points' : 'bits per byte', figures.lossReduction);
  const metrics: Record<string, number> = { ...figures, ...metricsOf('before', before), ...metricsOf('after', after) };
  for (const arm of arms) Object.assign(metrics, metricsOf(arm, measured.get(arm)!));
  return { report: { phase: 'training', rows, results: [choice.chosen], comparisons, figures, verdicts }, metrics };
}

/** How much worse it became: in accuracy, or in bits per byte on text alone; negative when it is better. */
function regressionOf(before: Measured, after: Measured): number {
  if (before.tasks && after.tasks) return before.tasks.accuracy.estimate - after.tasks.accuracy.estimate;
  return lossOf(after) - lossOf(before);
}
