import type { Comparison } from './report.js';

/** What differences are given in: hundredths of accuracy, or bits per byte of text. */
export type Unit = 'points' | 'bits per byte';

/**
 * What may be said of two that were compared: that one beats the other only where the whole 95 % interval of their difference does.
 * @param subject what the better one is called
 */
export function sentence({ than, difference }: Comparison, unit: Unit, subject: string): string {
  const [factor, digits] = unit === 'points' ? [100, 1] : [1, 3];
  const text = (value: number) => (factor * value).toFixed(digits);
  const { estimate, low, high } = difference;
  const size = (sign: number) =>
    `${text(sign * estimate)} ${unit} (95 % interval ${text(sign > 0 ? low : -high)} to ${text(sign > 0 ? high : -low)})`;
  if (low > 0) return `${subject} beats ${than} by ${size(1)}`;
  if (high < 0) return `${than} beats ${subject} by ${size(-1)}`;
  return `${subject} cannot be told from ${than}: ${size(1)}`;
}
