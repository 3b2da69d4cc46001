import type { Comparison } from '../shared/report.js';

/** What differences are given in: hundredths of accuracy, or bits per byte of text. */
export type Unit = 'points' | 'bits per byte';

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
  return [...(beatsAll ? ['the champion beats every parent'] : []), ...named.map((each) => sentence(each, unit))];
}

function sentence({ than, difference }: Comparison, unit: Unit): string {
  const [factor, digits] = unit === 'points' ? [100, 1] : [1, 3];
  const text = (value: number) => (factor * value).toFixed(digits);
  const { estimate, low, high } = difference;
  const size = (sign: number) =>
    `${text(sign * estimate)} ${unit} (95 % interval ${text(sign > 0 ? low : -high)} to ${text(sign > 0 ? high : -low)})`;
  if (low > 0) return `the champion beats ${than} by ${size(1)}`;
  if (high < 0) return `${than} beats the champion by ${size(-1)}`;
  return `the champion cannot be told from ${than}: ${size(1)}`;
}
