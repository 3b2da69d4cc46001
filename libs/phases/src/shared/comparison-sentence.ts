import type { Comparison } from './report.js';

/** What differences are given in: hundredths of accuracy, or bits per byte of text. */
export type Unit = 'points' | 'bits per byte';

/**
 * A comparison as a sentence: that one beats or loses to another only where the whole 95 % interval of their difference does.
 * @param name what the better one of the comparison is called
 */
export function comparisonSentence({ than, difference }: Comparison, unit: Unit, name: string): string {
  const [factor, digits] = unit === 'points' ? [100, 1] : [1, 3];
  const text = (value: number) => (factor * value).toFixed(digits);
  const { estimate, low, high } = difference;
  const size = (sign: number) =>
    `${text(sign * estimate)} ${unit} (95 % interval ${text(sign > 0 ? low : -high)} to ${text(sign > 0 ? high : -low)})`;
  if (low > 0) return `${name} beats ${than} by ${size(1)}`;
  if (high < 0) return `${than} beats ${name} by ${size(-1)}`;
  return `${name} cannot be told from ${than}: ${size(1)}`;
}
