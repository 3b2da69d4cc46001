import type { Comparison } from '../shared/report.js';

type Unit = 'points' | 'bits per byte';

/** What is said besides the gains. */
export interface Circumstances {
  /** Whether thoughts were taught as text before they were reinforced. */
  readonly wasTaught: boolean;
  /** Thinking against what was taught alone, where there was both. */
  readonly reinforced: Comparison | undefined;
  /** What was lost elsewhere, where there is something else. */
  readonly regression: number | undefined;
}

/** What may be said of thinking, as sentences: that it helps only where the whole 95 % interval of its gain over every control is above zero. */
export function verdictsOf(
  gains: readonly Comparison[],
  unit: Unit,
  { wasTaught, reinforced, regression }: Circumstances,
): string[] {
  const helps = gains.length > 0 && gains.every(({ difference }) => difference.low > 0);
  return [
    helps ? 'thinking beats every control' : 'thinking is not shown to help: it does not beat every control',
    ...gains.map((each) => sentence(each, unit)),
    wasTaught ? 'the thoughts were taught as text first' : 'no thoughts were taught',
    ...(reinforced ? [ofReinforcement(reinforced, unit)] : []),
    ...(regression === undefined ? [] : [loss(regression, unit)]),
  ];
}

function sentence({ than, difference }: Comparison, unit: Unit): string {
  const size = sizeOf(difference, unit);
  if (difference.low > 0) return `thinking beats ${than} by ${size}`;
  if (difference.high < 0) return `thinking is worse than ${than}: ${size}`;
  return `thinking cannot be told from ${than}: ${size}`;
}

function ofReinforcement({ difference }: Comparison, unit: Unit): string {
  const size = sizeOf(difference, unit);
  if (difference.low > 0) return `reinforcement made the taught thoughts better: ${size}`;
  if (difference.high < 0) return `reinforcement made the taught thoughts worse: ${size}`;
  return `reinforcement kept the taught thoughts, as far as can be told: ${size}`;
}

function sizeOf({ estimate, low, high }: Comparison['difference'], unit: Unit): string {
  const [factor, digits] = unit === 'points' ? [100, 1] : [1, 3];
  const text = (value: number) => (factor * value).toFixed(digits);
  return `${text(estimate)} ${unit} (95 % interval ${text(low)} to ${text(high)})`;
}

function loss(regression: number, unit: Unit): string {
  const size =
    unit === 'points'
      ? `${(100 * Math.abs(regression)).toFixed(1)} points`
      : `${Math.abs(regression).toFixed(3)} bits per byte`;
  const what = unit === 'points' ? 'the other families' : 'the text without thoughts';
  return regression > 0 ? `${what} lost ${size}` : `${what} lost nothing (${size} gained)`;
}
