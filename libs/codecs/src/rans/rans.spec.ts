import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { entropyCodedTernary, HEAD_BYTES } from './entropy-coded-ternary.js';
import { decodeRans, encodeRans, frequenciesOf, STATE_BYTES, TOTAL } from './rans.js';

function drawn(shares: readonly number[], count: number): Uint8Array {
  const rng = Rng.derive(1, 'symbols');
  return Uint8Array.from({ length: count }, () => {
    let x = rng.float();
    return shares.findIndex((share) => (x -= share) < 0);
  });
}

const countsOf = (symbols: Uint8Array) => [0, 1, 2].map((s) => symbols.reduce((n, x) => n + (x === s ? 1 : 0), 0));

describe('range asymmetric numeral systems', () => {
  test.each([
    [[1 / 3, 1 / 3, 1 / 3], 1.585],
    [[0.345, 0.31, 0.345], 1.583],
    [[0.29, 0.42, 0.29], 1.561],
    [[0.25, 0.5, 0.25], 1.5],
    [[0.001, 0.998, 0.001], 0.023],
    [[0, 1, 0], 0],
  ] as const)('shares of %j take their entropy, %f bits', (shares, bits) => {
    const symbols = drawn(shares, 60_000);
    const counts = countsOf(symbols);
    const frequencies = frequenciesOf(counts);
    const stream = encodeRans(symbols, frequencies);
    // To the last byte what the frequencies say, and the state.
    const surprise = counts.reduce((sum, n, s) => (n === 0 ? sum : sum - n * Math.log2(frequencies[s]! / TOTAL)), 0);
    expect(Math.abs(stream.length - surprise / 8)).toBeLessThanOrEqual(STATE_BYTES + 4);
    expect(Math.abs((8 * stream.length) / symbols.length - bits)).toBeLessThan(0.01);
    const back = new Uint8Array(symbols.length);
    expect(decodeRans(stream, frequencies, back)).toBe(true);
    expect(back).toEqual(symbols);
  });

  test('frequencies add up, and leave none out that occurs', () => {
    for (const counts of [
      [0, 0, 0],
      [1, 1e9, 1],
      [5, 0, 7],
      [1, 1, 1],
    ]) {
      const frequencies = frequenciesOf(counts);
      expect(frequencies.reduce((a, b) => a + b, 0)).toBe(TOTAL);
      frequencies.forEach((frequency, s) => counts.some((n) => n > 0) && expect(frequency > 0).toBe(counts[s]! > 0));
    }
  });

  test('a damaged stream is found out', () => {
    const symbols = drawn([0.3, 0.4, 0.3], 5_000);
    const frequencies = frequenciesOf(countsOf(symbols));
    const stream = encodeRans(symbols, frequencies);
    let found = 0;
    for (let i = 0; i < 100; i++) {
      const damaged = stream.slice();
      damaged[7 * i]! ^= 0x10;
      found += decodeRans(damaged, frequencies, new Uint8Array(symbols.length)) ? 0 : 1;
    }
    // The end state is one of 2^23 or more; all but a chance one differ.
    expect(found).toBe(100);
  });
});

test('a scale for each row is kept, each exactly; other scales are refused', () => {
  const data = Float32Array.of(0.1, -0.1, 0, 0.3, 0, -0.3);
  const bytes = entropyCodedTernary.encode({ shape: [2, 3], data });
  expect(entropyCodedTernary.decode(bytes, [2, 3])).toEqual(data);
  expect(bytes.length).toBeGreaterThan(HEAD_BYTES + 8);
  expect(() => entropyCodedTernary.encode({ shape: [1, 6], data })).toThrow('one scale for the tensor or for each row');
});
