import { expect, test } from '@jest/globals';
import { backOffMs, MAX_TRIES } from './back-off.js';

test('waits grow, are spread, and come to an end within a day', () => {
  const waits = Array.from({ length: MAX_TRIES - 1 }, (_, i) => backOffMs(5_000, i + 1, 'a')!);
  expect(waits.every((wait, i) => i === 0 || wait > 2 * waits[i - 1]!)).toBe(true);
  expect(waits[0]).toBeGreaterThanOrEqual(4_000);
  const totalHours = waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  expect([totalHours > 6, totalHours < 24]).toEqual([true, true]);
  expect(backOffMs(5_000, MAX_TRIES, 'a')).toBeUndefined();
  expect(new Set(['a', 'b', 'c', 'd'].map((key) => backOffMs(5_000, 3, key))).size).toBe(4);
});
