import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { KERNELS_SOURCE_DIGEST } from './kernels.wasm.js';
import * as kernels from './kernels.js';
import { SCRATCH, scratchDoubles, scratchFloats, withScratch } from './scratch.js';

const rng = Rng.derive(1, 'kernels');
/** All exponents, signs, zeros and what is not finite. */
const SPECIAL = [0, -0, 1e-45, -1e-40, 65504, 65520, 3.3961775292304957e38, 3.4e38, Infinity, -Infinity, NaN];

function values(length: number, ordinary = false): Float32Array {
  return Float32Array.from({ length }, () => {
    if (!ordinary && rng.int(8) === 0) return SPECIAL[rng.int(SPECIAL.length)]!;
    return rng.normal() * 2 ** (ordinary ? 0 : rng.int(40) - 20);
  });
}

const bytes = (array: Float32Array | Float64Array | Uint16Array): string =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');

/** Bytes where two kinds of "not a number" are one: which of them an addition gives depends on the processor. */
function same(array: Float32Array | Float64Array): string {
  return bytes(array.map((value) => (Number.isNaN(value) ? NaN : value)));
}

/** Lengths with every remainder of a vector. */
const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 1000];

/** Runs something on the same values in ordinary and in scratch memory. */
function both<T>(inputs: readonly Float32Array[], run: (arrays: Float32Array[]) => T): [T, T] {
  return withScratch(() => {
    const copies = inputs.map((input) => {
      const copy = scratchFloats(input.length);
      copy.set(input);
      return copy;
    });
    expect(copies.every(({ buffer }) => buffer === SCRATCH)).toBe(true);
    return [run(inputs.map((input) => input.slice())), run(copies)];
  });
}

describe('vector code gives the bits that plain code gives:', () => {
  test('it is compiled from the source that is here', () => {
    const folder = new URL('../../kernels/', import.meta.url);
    const digest = createHash('sha256');
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .sort())
      digest.update(readFileSync(new URL(name, folder)));
    expect(digest.digest('hex')).toBe(KERNELS_SOURCE_DIGEST);
  });

  test.each([
    ['subtract', kernels.subtract],
    ['add', kernels.add],
    ['divide', kernels.divide],
  ])('%s', (_, operation) => {
    for (const length of LENGTHS) {
      const [plain, vector] = both([values(length), values(length)], ([x, y]) => {
        operation(x!, y!);
        return same(x!);
      });
      expect(vector).toBe(plain);
    }
  });

  test('scale, zeroToOne, sums and products', () => {
    for (const length of LENGTHS) {
      const [plain, vector] = both([values(length), values(length, true), values(length, true)], ([x, y, z]) => {
        kernels.scale(x!, 0.1);
        kernels.zeroToOne(x!);
        return [same(x!), kernels.dot(y!, z!), kernels.sumOfMagnitudes(y!)];
      });
      expect(vector).toEqual(plain);
    }
  });

  test.each(['BF16', 'F16'] as const)('widening %s, of all half floats', (dtype) => {
    const [plain, vector] = both([new Float32Array(2 ** 16 + 3)], ([x]) => {
      kernels.halfOf(x!).forEach((_, i, halves) => (halves[i] = i));
      kernels.widen(x!, dtype);
      return same(x!);
    });
    expect(vector).toBe(plain);
  });

  test('rounding to bfloat16, and what is not finite', () => {
    for (const length of LENGTHS)
      for (const ordinary of [true, false]) {
        const finite = values(length, ordinary).map((x) => (Number.isNaN(x) ? 1 : x));
        const [plain, vector] = both([finite, new Float32Array(length)], ([x, room]) => {
          const target = new Uint16Array(room!.buffer, room!.byteOffset, length);
          return [kernels.narrowBfloat16(x!, target), bytes(target), kernels.anyNotFinite(x!)];
        });
        expect(vector).toEqual(plain);
        if (ordinary) expect([plain[0], plain[2]]).toEqual([false, false]);
      }
  });

  test.each([1, 2, 3, 4])('weighted sums of %d arrays', (count) => {
    for (const length of LENGTHS)
      for (const begin of [true, false]) {
        const inputs = [0, 1, 2, 3].map(() => values(length));
        const [plain, vector] = withScratch(() => {
          const sums = [new Float64Array(length), scratchDoubles(length)].map((sum) => sum.fill(0.1));
          return both(inputs, (arrays) => {
            const sum = sums.shift()!;
            kernels.accumulate(sum, arrays, [0.1, -0.7, 3, 1e-3], count, begin);
            kernels.round(sum, arrays[0]!);
            return [same(sum), same(arrays[0]!)];
          });
        });
        expect(vector).toEqual(plain);
      }
  });

  test('keeping the largest, ties in order', () => {
    for (const length of LENGTHS)
      for (const ties of [0, 1, 3]) {
        const coarse = values(length).map((x) => Math.round(x * 2) / 2);
        const threshold = new Int32Array(Float32Array.of(0.5).buffer)[0]!;
        const [plain, vector] = both([coarse], ([x]) => [kernels.keepFrom(x!, threshold, ties), bytes(x!)]);
        expect(vector).toEqual(plain);
      }
  });

  test('counting above and collecting within a range', () => {
    const [low, high] = new Int32Array(Float32Array.of(0.25, 1).buffer);
    for (const length of LENGTHS) {
      const [plain, vector] = both([values(length), new Float32Array(length + 1)], ([x, room]) => {
        const found = new Int32Array(room!.buffer, room!.byteOffset, length + 1);
        const counts = kernels.bracket(x!, low!, high!, found);
        return [counts, [...found.subarray(0, counts.inside)]];
      });
      expect(vector).toEqual(plain);
    }
  });

  test('adding what agrees in sign', () => {
    for (const length of LENGTHS) {
      const inputs = [0, 1, 2, 3].map(() => values(length));
      const [plain, vector] = both(inputs, ([x, vote, sum, divisor]) => {
        kernels.addAgreeing(x!, Math.fround(0.3), vote!, sum!, divisor!);
        return [same(sum!), same(divisor!)];
      });
      expect(vector).toEqual(plain);
    }
  });

  /** Rows in which the ranks of few values must be known, and rows of equal or almost equal ones in which those of many must be. */
  const ROWS: [string, (length: number) => Float32Array][] = [
    ['of all kinds of values', (length) => values(length)],
    ['of ordinary values', (length) => values(length, true)],
    ['of few different values', (length) => Float32Array.from({ length }, () => (rng.int(5) - 2) / 8)],
    ['of zeros', (length) => new Float32Array(length)],
    ['of values that are close together', (length) => Float32Array.from({ length }, () => 1 + rng.int(1000) / 2 ** 16)],
  ];
  const RULES = [
    { density: 0.5, epsilon: 0.3 },
    { density: 0.5, epsilon: 0 },
    { density: 0.6, epsilon: -0.3 },
    { density: 0.05, epsilon: 0.04 },
  ];

  test.each(ROWS)('keeping by rank in rows %s', (_, row) => {
    for (const rule of RULES.flatMap((each) => [false, true].map((divide) => ({ ...each, divide }))))
      for (const length of [...LENGTHS.slice(1), 2816, 20_001]) {
        const [plain, vector] = both([row(length), new Float32Array(kernels.rankRoom(length))], ([x, room]) => {
          const state = Rng.derive(8).state();
          const words = x!.buffer === SCRATCH ? kernels.randomWords(state) : Uint32Array.from(state);
          kernels.keepByRank(x!, words, rule, room!);
          return [same(x!), [...words]];
        });
        expect(vector).toEqual(plain);
      }
  });

  test('dropping at random is the stream of contracts', () => {
    for (const length of LENGTHS) {
      const ones = new Float32Array(length).fill(1);
      const [plain, vector] = both([ones], ([x]) => {
        const state = Rng.derive(7).state();
        const words = x!.buffer === SCRATCH ? kernels.randomWords(state) : Uint32Array.from(state);
        kernels.keepAtRandom(x!, words, 2 ** 31);
        return [bytes(x!), [...words]];
      });
      expect(vector).toEqual(plain);
    }
  });
});
