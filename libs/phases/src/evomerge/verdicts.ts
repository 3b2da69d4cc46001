import { comparisonSentence, type Unit } from '../shared/comparison-sentence.js';
import type { Comparison } from '../shared/report.js';

/**
 * What may be said of the champion, as sentences: that it beats or loses to another only where the whole 95 % interval of their difference does; that it
 * beats every parent only where it beats each of them.
 * @param bestParent the parent that is named; the others are in the table
 */
export function verdictsOf(
  comparisons: readonly Comparison[],
  unit: Unit,
  parents: readonly string[],
  bestParent: string,
): string[] {
  const isBeaten = ({ difference }: Comparison) => difference.low > 0;
  const ofParents = comparisons.filter(({ than }) => parents.includes(than));
  const beatsAll = ofParents.length === parents.length && ofParents.every(isBeaten);
  const named = comparisons.filter(({ than }) => than === bestParent || !parents.includes(than));
  return [
    ...(beatsAll ? ['the champion beats every parent'] : []),
    ...named.map((each) => comparisonSentence(each, unit, 'the champion')),
  ];
}
