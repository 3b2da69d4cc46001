/** What two objectives say of a candidate. */
export interface Valued {
  /** More is better. */
  readonly accuracy: number;
  /** Fewer is better. */
  readonly tokens: number;
}

/** Whether one is at least as good in both objectives, and better in one. */
export function dominates(a: Valued, b: Valued): boolean {
  return a.accuracy >= b.accuracy && a.tokens <= b.tokens && (a.accuracy > b.accuracy || a.tokens < b.tokens);
}

/** Those that none dominates, cheapest first; of equals the first. */
export function paretoFront<T extends Valued>(candidates: readonly T[]): T[] {
  const isEqual = (a: Valued, b: Valued): boolean => a.accuracy === b.accuracy && a.tokens === b.tokens;
  return candidates
    .filter((one, i) => !candidates.some((other, k) => dominates(other, one) || (k < i && isEqual(other, one))))
    .sort((a, b) => a.tokens - b.tokens);
}
