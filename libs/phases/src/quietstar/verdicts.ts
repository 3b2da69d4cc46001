import type { Comparison } from '../shared/report.js';

/** What is said besides the gains. */
interface Circumstances {
  /** Whether thoughts were taught as text before they were reinforced. */
  readonly taught: boolean;
  /** What other families lost. */
  readonly regression?: number;
}

/** What may be said of thinking, as sentences: that it helps only where the whole 95 % interval of its gain over every control is above zero. */
export function verdictsOf(
  gains: readonly Comparison[],
  unit: 'points' | 'bits per byte',
  { taught, regression }: Circumstances,
): string[] {
  const helps = gains.length > 0 && gains.every(({ difference }) => difference.low > 0);
  const first = helps
    ? 'thinking beats every control'
    : 'thinking is not shown to help: it does not beat every control';
  const origin = taught
    ? 'the thoughts were taught as text first; reinforcement kept what it found'
    : 'no thoughts were taught: what there is, reinforcement found';
  return [
    first,
    ...gains.map((each) => sentence(each, unit)),
    origin,
    ...(regression === undefined ? [] : [loss(regression, unit)]),
  ];
}

function sentence({ than, difference }: Comparison, unit: 'points' | 'bits per byte'): string {
  const [factor, digits] = unit === 'points' ? [100, 1] : [1, 3];
  const [estimate, low, high] = [difference.estimate, difference.low, difference.high].map((value) =>
    (factor * value).toFixed(digits),
  );
  const size = `${estimate} ${unit} (95 % interval ${low} to ${high})`;
  if (difference.low > 0) return `thinking beats ${than} by ${size}`;
  if (difference.high < 0) return `thinking is worse than ${than}: ${size}`;
  return `thinking cannot be told from ${than}: ${size}`;
}

function loss(regression: number, unit: 'points' | 'bits per byte'): string {
  const size =
    unit === 'points'
      ? `${(100 * Math.abs(regression)).toFixed(1)} points`
      : `${Math.abs(regression).toFixed(3)} bits per byte`;
  const what = unit === 'points' ? 'the other families' : 'the text without thoughts';
  return regression > 0 ? `${what} lost ${size}` : `${what} lost nothing (${size} gained)`;
}
