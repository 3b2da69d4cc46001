import { Rng } from '@agent-forge/contracts';

/** Attempts of one delivery before it counts as failed. */
export const MAX_TRIES = 8;
/** Each wait is this much longer than the one before: with a first of 5 s the last attempt comes after some 8 hours. */
const GROWTH = 4.3;
/** Deliveries that failed together come again apart. */
const JITTER = 0.2;

/**
 * How long to wait after an attempt that failed; undefined when there are no more.
 * @param tries attempts so far, at least 1
 * @param key of the delivery: its jitter is always the same, and another's is not
 */
export function backOffMs(firstMs: number, tries: number, key: string): number | undefined {
  if (tries >= MAX_TRIES) return undefined;
  const spread = 1 + JITTER * (2 * Rng.derive(key, tries).float() - 1);
  return Math.round(firstMs * GROWTH ** (tries - 1) * spread);
}
