import { expect, test } from '@jest/globals';
import type { VerifiedToken } from './own-tokens.js';
import { VerifiedCache } from './verified-cache.js';

const NOW = 1_800_000_000_000;
const verified = (lifetimeMs: number, subject = 'ada'): VerifiedToken => ({
  caller: { subject, tenant: 'main', role: 'viewer', scopes: [] },
  expiresAtMs: NOW + lifetimeMs,
  revocable: { id: 'j', subject, generation: 1, tenant: 'main' },
});

test('a token is known for a minute, and never beyond its own end', () => {
  const cache = new VerifiedCache();
  cache.put('long', verified(900_000), NOW);
  cache.put('short', verified(10_000), NOW);
  cache.put('over', verified(0), NOW);
  const known = (atMs: number) => ['long', 'short', 'over'].map((token) => cache.get(token, NOW + atMs) !== undefined);
  expect(known(0)).toEqual([true, true, false]);
  expect(known(9_999)).toEqual([true, true, false]);
  expect(known(10_000)).toEqual([true, false, false]);
  expect(known(59_999)).toEqual([true, false, false]);
  expect(known(60_000)).toEqual([false, false, false]);
  expect(cache.size).toBe(0);
});

test('with too many tokens the oldest goes, and no token can be read out of it', () => {
  const cache = new VerifiedCache(3);
  for (const token of ['a1', 'b2', 'c3', 'd4', 'e5']) cache.put(token, verified(900_000, token), NOW);
  expect(cache.size).toBe(3);
  expect(['a1', 'b2', 'c3', 'd4', 'e5'].map((token) => cache.get(token, NOW)?.caller.subject)).toEqual([
    undefined,
    undefined,
    'c3',
    'd4',
    'e5',
  ]);
});
