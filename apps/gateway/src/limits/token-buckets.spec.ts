import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { TokenBuckets } from './token-buckets.js';

test('a bucket gives its burst at once, and then at its rate, whatever the times between', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }),
      (rate, waits) => {
        const buckets = new TokenBuckets(rate);
        let [nowMs, taken] = [0, 0];
        for (const waitMs of waits) {
          nowMs += waitMs;
          const { isTaken, remaining } = buckets.take('a', nowMs);
          if (isTaken) taken += 1;
          expect(remaining).toBeGreaterThanOrEqual(0);
          expect(taken).toBeLessThanOrEqual(buckets.capacity + (nowMs / 1_000) * rate + 1e-6);
        }
      },
    ),
    { seed: 1, numRuns: 200 },
  );
});

test('whoever waits as long as he is told gets a token', () => {
  const buckets = new TokenBuckets(2);
  for (let i = 0; i < buckets.capacity; i++) expect(buckets.take('a', 0).isTaken).toBe(true);
  const refused = buckets.take('a', 0);
  expect(refused).toEqual({ isTaken: false, remaining: 0, waitMs: 500 });
  expect(buckets.take('a', refused.waitMs - 1).isTaken).toBe(false);
  expect(buckets.take('a', refused.waitMs).isTaken).toBe(true);
});

test('an empty bucket empties no other', () => {
  const buckets = new TokenBuckets(1);
  for (let i = 0; i < 10; i++) buckets.take('a', 0);
  expect(buckets.take('b', 0).isTaken).toBe(true);
});
