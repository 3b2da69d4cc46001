import { createHash } from 'node:crypto';
import type { VerifiedToken } from './own-tokens.js';

/** A token is verified anew after this time, so that no mistake here outlives it. */
const MAX_AGE_MS = 60_000;
/** Tokens in use at one time; with more the oldest is verified anew. */
const MAX_TOKENS = 10_000;

/** Tokens that were verified shortly ago, by their digest: whoever reads this memory finds no token in it. */
export class VerifiedCache {
  readonly #tokens = new Map<string, { verified: VerifiedToken; untilMs: number }>();

  constructor(private readonly maxTokens = MAX_TOKENS) {}

  get size(): number {
    return this.#tokens.size;
  }

  get(token: string, nowMs = Date.now()): VerifiedToken | undefined {
    const key = digest(token);
    const found = this.#tokens.get(key);
    if (found === undefined) return undefined;
    if (found.untilMs > nowMs) return found.verified;
    this.#tokens.delete(key);
    return undefined;
  }

  put(token: string, verified: VerifiedToken, nowMs = Date.now()): void {
    const untilMs = Math.min(nowMs + MAX_AGE_MS, verified.expiresAtMs);
    if (untilMs <= nowMs) return;
    const key = digest(token);
    this.#tokens.delete(key);
    this.#tokens.set(key, { verified, untilMs });
    if (this.#tokens.size > this.maxTokens) this.#tokens.delete(this.#tokens.keys().next().value!);
  }
}

function digest(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
