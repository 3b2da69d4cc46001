import { compare } from '../shared/compare.js';
import type { PhaseReport } from '../shared/report.js';
import { lossOf, metricKey, metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import { INPUT, type Choice } from './choose.js';
import type { TrainedArm } from './arms.js';
import type { TrainingParams } from './params.js';
import { verdictsOf } from './verdicts.js';

/** What other arms are compared with. */
const CONTROLS = ['plain', 'shuffled'];

/**
 * The table of the input and all arms, each arm against the input and against its controls, and the figures for the log.
 * @param ways figures of how the arms were trained: for the report, and neither for the log nor for a gate, since they are of the train part
 */
export function reportOf(
  choice: Choice,
  measured: ReadonlyMap<string, Measured>,
  artifactIds: ReadonlyMap<string, string>,
  ways: Readonly<Record<string, number>>,
): { report: PhaseReport; metrics: Record<string, number> } {
  const arms = [...measured.keys()].filter((name) => name !== INPUT);
  const comparisons = pairsOf([...measured.keys()]).flatMap(([arm, control]) => compare(arm, control, measured));
  const rows = [...measured].map(([name, each]) => rowOf(name, each, artifactIds.get(name)));
  const [before, after] = [measured.get(INPUT)!, measured.get(choice.chosen)!];
  const figures = { regression: regressionOf(before, after), lossReduction: 1 - lossOf(after) / lossOf(before) };
  const verdicts = verdictsOf(choice, comparisons, before.tasks ? 'points' : 'bits per byte', figures.lossReduction);
  const metrics: Record<string, number> = { ...figures, ...metricsOf('before', before), ...metricsOf('after', after) };
  for (const arm of arms) Object.assign(metrics, metricsOf(arm, measured.get(arm)!));
  const results = [choice.chosen];
  return {
    report: { phase: 'training', rows, results, comparisons, figures: { ...figures, ...ways }, verdicts },
    metrics,
  };
}

/** Each arm with the input, and with the controls among the arms; no two twice. */
function pairsOf(names: readonly string[]): [arm: string, control: string][] {
  const controls = [INPUT, ...CONTROLS].filter((name) => names.includes(name));
  return controls.flatMap((control, i) => {
    const others = names.filter((name) => !controls.slice(0, i + 1).includes(name));
    return others.map((name): [string, string] => [name, control]);
  });
}

/** Of each steered arm, the measurements of success in the second half of its steps: their mean, and the share of them in the band. */
export function steeringFigures(
  arms: readonly TrainedArm[],
  { minSuccess, maxSuccess }: Pick<TrainingParams, 'minSuccess' | 'maxSuccess'>,
): Record<string, number> {
  const figures = arms.flatMap(({ arm, steering = [] }) => {
    const later = steering.slice(Math.floor(steering.length / 2)).map(({ success }) => success);
    if (later.length === 0) return [];
    const inBand = later.filter((success) => success >= minSuccess && success <= maxSuccess).length / later.length;
    return [
      [`${metricKey(arm)}InBand`, inBand],
      [`${metricKey(arm)}Success`, later.reduce((sum, success) => sum + success, 0) / later.length],
    ];
  });
  return Object.fromEntries(figures) as Record<string, number>;
}

/** How much worse it became: in accuracy, or in bits per byte on text alone; negative when it is better. */
function regressionOf(before: Measured, after: Measured): number {
  if (before.tasks && after.tasks) return before.tasks.accuracy.estimate - after.tasks.accuracy.estimate;
  return lossOf(after) - lossOf(before);
}
