import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { measuredTexts, shares } from './corpus.js';

describe('shares of a text', () => {
  test('together are the text in order, and none is empty', () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 50 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 8 }), (blocks, count) => {
        if (blocks.length < count) {
          expect(() => shares(blocks, count)).toThrow(expect.objectContaining({ code: 'DATA_INVALID' }));
          return;
        }
        const parts = shares(blocks, count);
        expect(parts).toHaveLength(count);
        expect(parts.every((part) => part.length > 0)).toBe(true);
        expect(parts.flat()).toEqual(blocks);
      }),
      { seed: 3, numRuns: 2_000 },
    );
  });

  test('of equal blocks are equal', () => {
    const parts = shares(
      Array.from({ length: 12 }, () => 'x'.repeat(100)),
      3,
    );
    expect(parts.map((part) => part.length)).toEqual([4, 4, 4]);
  });
});

test('measuring reads whole blocks up to its limit, and one however long it is', () => {
  const blocks = Array.from({ length: 40 }, (_, i) => String.fromCharCode(65 + i).repeat(8 * 1024));
  expect(measuredTexts(blocks)).toEqual(blocks.slice(0, 16));
  expect(measuredTexts(['x'.repeat(200_000), 'y'])).toEqual(['x'.repeat(200_000)]);
});
