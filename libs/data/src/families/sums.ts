import type { Rng } from '@agent-forge/contracts';

/** Two operands of an addition. */
export interface Sum {
  readonly a: number;
  readonly b: number;
}

/** Settings shared by every family that asks for a sum. */
export const SUM_SETTINGS = {
  /** Operands are 0 … limit − 1. */
  limit: { default: 50, min: 2, max: 10_000 },
  /** Share of the items whose second operand has one digit: without such easy ones a small model does not begin to learn. */
  easyShare: { default: 0.4, min: 0, max: 1, whole: false },
} as const;

const ONE_DIGIT = 10;
/** Up to here all sums are listed: a million pairs take about a second. */
const MAX_LISTED_LIMIT = 1_000;

export function drawSum(rng: Rng, limit: number, easyShare: number): Sum {
  const easy = rng.float() < easyShare;
  return { a: rng.int(limit), b: rng.int(easy ? Math.min(ONE_DIGIT, limit) : limit) };
}

/** Every pair of operands in both orders, or undefined when there are too many to list. */
export function allSums(limit: number): { all?: () => Iterable<Sum> } {
  if (limit > MAX_LISTED_LIMIT) return {};
  return {
    *all() {
      for (let a = 0; a < limit; a += 1) for (let b = 0; b < limit; b += 1) yield { a, b };
    },
  };
}

/** The unit of a sum in any wording; 17+25 and 25+17 are one unit, or one would give the other away. */
export function sumKey({ a, b }: Sum): string {
  return `sum ${Math.min(a, b)} ${Math.max(a, b)}`;
}

export function sumKeyCount(limit: number): number {
  return (limit * (limit + 1)) / 2;
}

/** The digits from the last to the first: a model writes the ones before it needs their carry. */
export function reversedDigits(value: number): string {
  return [...String(value)].reverse().join('');
}

/** Digits of the result, and one more for every carry on the way. */
export function sumDifficulty({ a, b }: Sum): number {
  let carries = 0;
  let carry = 0;
  for (let unit = 1; unit <= Math.max(a, b); unit *= 10) {
    carry = (Math.floor(a / unit) % 10) + (Math.floor(b / unit) % 10) + carry > 9 ? 1 : 0;
    carries += carry;
  }
  return String(a + b).length + carries;
}

/**
 * The share of the most frequent result among drawn sums: what a constant answer gets right. Each value of b spreads its
 * share evenly over the sums from b to b + limit − 1; the running total of where these begin and end is the distribution.
 */
export function mostFrequentSumShare(limit: number, easyShare: number): number {
  const small = Math.min(ONE_DIGIT, limit);
  const steps = new Float64Array(2 * limit);
  for (let b = 0; b < limit; b += 1) {
    const share = (1 - easyShare) / limit + (b < small ? easyShare / small : 0);
    steps[b]! += share / limit;
    steps[b + limit]! -= share / limit;
  }
  let share = 0;
  return steps.reduce((largest, step) => Math.max(largest, (share += step)), 0);
}

/** Two operands out of a match of two groups of digits; numbers too long to be exact belong to no family. */
export function parseSum(match: RegExpExecArray | null): Sum | undefined {
  if (match === null) return undefined;
  const [a, b] = [Number(match[1]), Number(match[2])];
  return Number.isSafeInteger(a + b) ? { a, b } : undefined;
}
