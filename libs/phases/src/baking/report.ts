import { compare } from '../shared/compare.js';
import { comparisonSentence } from '../shared/comparison-sentence.js';
import type { PhaseReport } from '../shared/report.js';
import { metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import type { BakingParams } from './params.js';

/** The table of what was not baked, how far each prompt is followed without being there, and what may be said. */
export function reportOf(
  measured: ReadonlyMap<string, Measured>,
  figures: Readonly<Record<string, number>>,
  { bakes }: BakingParams,
): { report: PhaseReport; metrics: Record<string, number> } {
  const [before, after] = [measured.get('before')!, measured.get('after')!];
  const forgetting = forgettingOf(before, after);
  const { following, firstLoss, lastLoss } = figures as Record<'following' | 'firstLoss' | 'lastLoss', number>;
  const metrics: Record<string, number> = {
    ...{ following, firstLoss, lastLoss },
    ...(forgetting === undefined ? {} : { forgetting }),
  };
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  const comparisons = compare('after', 'before', measured);
  const unit = before.tasks ? 'points' : 'bits per byte';
  const percent = (key: string) => `${(100 * figures[key]!).toFixed(1)} %`;
  const verdicts = [
    ...bakes.map(
      ({ name }) =>
        `without its prompt, ${name} is answered as with it in ${percent(`${name}.after.following`)} of held-out questions ` +
        `(${percent(`${name}.before.following`)} before, ${percent(`${name}.half.following`)} half-baked)`,
    ),
    ...comparisons.map((each) => `on what was not baked, ${comparisonSentence(each, unit, 'the baked model')}`),
  ];
  const rows = [...measured].map(([name, each]) => rowOf(name, each));
  return { report: { phase: 'baking', rows, comparisons, figures, verdicts }, metrics };
}

/** Accuracy that was lost by what was not baked, on average over its families, prompted ones among them; bits per byte on text alone. */
function forgettingOf(before: Measured, after: Measured): number | undefined {
  if (!before.tasks || !after.tasks)
    return before.text && after.text ? after.text.bitsPerByte - before.text.bitsPerByte : undefined;
  const mean = ({ families }: NonNullable<Measured['tasks']>) => {
    const scores = Object.values(families);
    return scores.reduce((sum, { accuracy }) => sum + accuracy.estimate, 0) / scores.length;
  };
  return mean(before.tasks) - mean(after.tasks);
}
