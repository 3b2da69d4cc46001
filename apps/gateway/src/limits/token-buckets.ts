/** Buckets are kept for so many names; the one that was used longest ago is forgotten, and full when it is used again. */
const MAX_BUCKETS = 10_000;
/** A bucket holds what flows into it in this time. */
const BURST_S = 2;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** What is left in a bucket after a token was asked for. */
export interface Taken {
  readonly isTaken: boolean;
  /** Whole tokens that are left. */
  readonly remaining: number;
  /** Until there is a token again; 0 while there is one. */
  readonly waitMs: number;
}

/** Token buckets that fill at one rate, by name. */
export class TokenBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /** @param perS tokens that flow into each bucket in a second */
  constructor(readonly perS: number) {}

  /** Tokens that a full bucket holds. */
  get capacity(): number {
    return this.perS * BURST_S;
  }

  /** Takes a token if there is one. @param nowMs of a clock that never goes back */
  take(name: string, nowMs: number): Taken {
    const bucket = this.#buckets.get(name) ?? { tokens: this.capacity, atMs: nowMs };
    // The map's order is that of use.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > MAX_BUCKETS) this.#buckets.delete(this.#buckets.keys().next().value!);
    bucket.tokens = Math.min(this.capacity, bucket.tokens + ((nowMs - bucket.atMs) / 1_000) * this.perS);
    bucket.atMs = nowMs;
    const isTaken = bucket.tokens >= 1;
    if (isTaken) bucket.tokens -= 1;
    const waitMs = bucket.tokens >= 1 ? 0 : ((1 - bucket.tokens) / this.perS) * 1_000;
    return { isTaken, remaining: Math.floor(bucket.tokens), waitMs };
  }
}
