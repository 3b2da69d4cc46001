import { comparisonSentence, type Unit } from '../shared/comparison-sentence.js';
import type { Comparison } from '../shared/report.js';
import { INPUT, type Choice } from './choose.js';

/** What may be said of the arms, as sentences: what goes on, how much of the loss is gone, and each comparison by its whole interval. */
export function verdictsOf(
  { chosen, best }: Choice,
  comparisons: readonly Comparison[],
  unit: Unit,
  lossReduction: number,
): string[] {
  const loss = `${(100 * Math.abs(lossReduction)).toFixed(0)} % ${lossReduction >= 0 ? 'lower' : 'higher'}`;
  const first =
    chosen === INPUT
      ? `no arm was better than the input on the select part, not even ${best}: the input goes on`
      : `${chosen} was the best arm on the select part and goes on; on the report part its loss is ${loss} than the input's`;
  return [first, ...comparisons.map((each) => comparisonSentence(each, unit, each.better))];
}
