import { describe, expect, test } from '@jest/globals';
import { toBfloat16, toFloat16, type FloatDtype } from '@agent-forge/model';
import { gaussian } from '../testing/merge-values.js';
import { StoredOutput } from './stored-output.js';

/** Writes values in two stretches. @returns the stored bytes */
function store(values: Float32Array, dtype: FloatDtype): Uint8Array {
  const bytes = new Uint8Array(values.length * (dtype === 'F32' ? 4 : 2));
  const output = new StoredOutput('x', dtype, values.length, bytes, (length) => new Float32Array(length));
  const middle = Math.floor(values.length / 2);
  output.write(0, values.subarray(0, middle));
  output.write(middle, values.subarray(middle));
  return bytes;
}

describe('a result is stored as', () => {
  const values = gaussian(40_001, 1);
  test('float32 as it is', () => expect(new Float32Array(store(values, 'F32').buffer)).toEqual(values));

  test.each([
    ['BF16', toBfloat16],
    ['F16', toFloat16],
  ] as const)('%s, rounded', (dtype, round) => {
    const rounded = new Uint16Array(values.length);
    round(values, rounded);
    expect(new Uint16Array(store(values, dtype).buffer)).toEqual(rounded);
  });
});

test.each([
  ['F32', NaN, 'tensor x is NaN at index 30001'],
  ['BF16', Infinity, 'tensor x is Infinity at index 30001'],
  ['F16', -Infinity, 'tensor x is -Infinity at index 30001'],
  ['F16', 65_520, 'tensor x: value 65520 at index 30001 is too large for F16'],
  ['BF16', 3.4e38, /^tensor x: value 3\.39\d+e\+38 at index 30001 is too large for BF16$/],
] as const)('in %s %p is refused', (dtype, value, message) => {
  const values = gaussian(40_001, 1);
  values[30_001] = value;
  expect(() => store(values, dtype)).toThrow(message);
});
