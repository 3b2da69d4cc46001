import { crc32 } from 'node:zlib';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { apiKeyId, formatApiKey } from './api-key.js';

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('the id of a key is read back, and a change of one character is noticed', () => {
  fc.assert(
    fc.property(bytes, fc.nat(), fc.constantFrom(...'abz019_-AZ. '), (secret, at, other) => {
      const key = formatApiKey('key1', secret);
      expect(apiKeyId(key)).toBe('key1');
      const place = at % key.length;
      const changed = key.slice(0, place) + other + key.slice(place + 1);
      if (changed !== key) expect(apiKeyId(changed)).toBeUndefined();
    }),
    { seed: 1, numRuns: 2_000 },
  );
});

test.each(['', 'afk_', 'afk_a_b_c', `afk_a_${'A'.repeat(43)}_00000000`, 'Bearer afk_', 'AFK_x'])(
  '%s is no key',
  (text) => expect(apiKeyId(text)).toBeUndefined(),
);

test('the check sum is the CRC-32 that every tool computes', () => {
  fc.assert(
    fc.property(bytes, (secret) => {
      const key = formatApiKey('key1', secret);
      expect(key.slice(-8)).toBe(crc32(key.slice(0, -9)).toString(16).padStart(8, '0'));
    }),
    { seed: 1, numRuns: 200 },
  );
});
