import { Rng } from '@agent-forge/contracts';
import { describe, expect, test } from '@jest/globals';
import { GOLDEN, randomTensor } from '../ternary/testing.js';
import { decodeValues, encodeValues } from './blocks.js';
import { TENSOR_TYPES } from './format.js';
import { decodeTq1, encodeTq1 } from './ternary-blocks.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const filled = (value: number) => new Float32Array(256).fill(value);
/** w[i] = 0.5 · ((i² + floor(i / 7)) mod 3 − 1) */
const GOLDEN_WEIGHTS = Float32Array.from({ length: 256 }, (_, i) => 0.5 * (((i * i + Math.floor(i / 7)) % 3) - 1));

describe('ternary blocks', () => {
  test('golden bytes, as ggml writes them', () => {
    expect(hex(encodeValues('TQ2_0', GOLDEN_WEIGHTS))).toBe(GOLDEN.ternary.tq2_0);
    expect(hex(encodeValues('TQ1_0', GOLDEN_WEIGHTS))).toBe(GOLDEN.ternary.tq1_0);
  });

  test.each([
    ['zeros', 0, '55'.repeat(64) + '0000', '80'.repeat(48) + '7f'.repeat(4) + '0000'],
    ['ones', 1, 'aa'.repeat(64) + '003c', 'ff'.repeat(48) + 'fd'.repeat(4) + '003c'],
    ['minus ones', -1, '00'.repeat(64) + '003c', '00'.repeat(52) + '003c'],
  ])('a block of %s', (_, value, tq2, tq1) => {
    expect(hex(encodeValues('TQ2_0', filled(value)))).toBe(tq2);
    expect(hex(encodeValues('TQ1_0', filled(value)))).toBe(tq1);
  });

  test.each(['TQ2_0', 'TQ1_0'] as const)('%s: halves go away from zero, and the scale to half precision', (type) => {
    const values = new Float32Array(256);
    values.set([1, 0.5, -0.5, 0.49, -1]);
    expect([...decodeValues(type, encodeValues(type, values))!.subarray(0, 6)]).toEqual([1, 1, -1, 0, -1, 0]);
    const bytes = encodeValues(type, filled(0.1));
    expect(hex(bytes.subarray(-2))).toBe('662e');
    expect(decodeValues(type, bytes)![0]).toBe(0.0999755859375);
  });

  test.each(['TQ2_0', 'TQ1_0'] as const)('%s: what is packed comes back', (type) => {
    const rng = Rng.derive(1, 'blocks.spec');
    for (let block = 0; block < 20; block++) {
      const values = Float32Array.from({ length: 256 }, () => 0.25 * (rng.int(3) - 1));
      expect([...decodeValues(type, encodeValues(type, values))!].map((x) => x + 0)).toEqual(
        [...values].map((x) => x + 0),
      );
    }
  });

  test('TQ1_0: all 243 numbers of five digits in all places', () => {
    const [codes, back, block] = [new Int8Array(256), new Int8Array(256), new Uint8Array(54)];
    for (let number = 0; number < 243; number++) {
      for (let i = 0; i < 256; i++) {
        const digit = i < 160 ? Math.floor(i / 32) : i < 240 ? Math.floor((i - 160) / 16) : Math.floor((i - 240) / 4);
        codes[i] = (Math.floor(number / 3 ** (4 - digit)) % 3) - 1;
      }
      encodeTq1(codes, 0, block);
      decodeTq1(block, back);
      expect(back).toEqual(codes);
    }
  });

  test('TQ2_0: a code of 3 means nothing', () => {
    const bytes = encodeValues('TQ2_0', filled(1));
    bytes[7] = 0xff;
    expect(decodeValues('TQ2_0', bytes)).toBeNull();
  });
});

describe('blocks of 32', () => {
  test.each([
    ['Q8_0', 127, 0.5],
    ['Q4_0', 8, 1],
  ] as const)('%s: no value moves by more than a step allows', (type, levels, steps) => {
    const { data } = randomTensor(4, 64);
    const back = decodeValues(type, encodeValues(type, data))!;
    for (let block = 0; block < data.length; block += 32) {
      const values = data.subarray(block, block + 32);
      const step = Math.max(...values.map(Math.abs)) / levels;
      // The scale itself is rounded to half precision, which moves the largest values a little more.
      values.forEach((x, i) =>
        expect(Math.abs(back[block + i]! - x)).toBeLessThanOrEqual(step * (steps + levels * 2 ** -10)),
      );
    }
  });

  test('the largest value of a Q4_0 block is exact, whatever its sign', () => {
    const values = new Float32Array(64);
    values[3] = -2;
    values[40] = 2;
    expect([...decodeValues('Q4_0', encodeValues('Q4_0', values))!].map((x) => x + 0)).toEqual([...values]);
  });
});

test.each(Object.entries(TENSOR_TYPES))('%s takes the bytes that its block says', (type, { block, bytes }) => {
  expect(encodeValues(type as 'F32', new Float32Array(2 * 256)).length).toBe((512 / block) * bytes);
});
