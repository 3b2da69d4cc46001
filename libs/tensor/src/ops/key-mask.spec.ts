import { describe, expect, test } from '@jest/globals';
import { describeMistakes } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { type Operand, operand } from '../testing/operand.js';
import { keyMask } from './key-mask.js';

const int64 = (shape: readonly number[], values: readonly number[]): Operand => ({ shape, values, dtype: 'int64' });

describe('keyMask', () => {
  test('a token sees the keys that are there, up to its own', async () => {
    // Two sequences of two old and two new tokens; the second has padding in front.
    const keys = int64([2, 4], [1, 1, 1, 1, 0, 1, 1, 1]);
    const [mask, lengths] = await evaluate(
      [keys, int64([2, 2], [7, 8, 7, 8])],
      ([k, ids]) => Object.values(keyMask(k!, ids!)),
      'float32',
    );
    const [see, not] = [0, Math.fround(-1e9)];
    expect(mask).toEqual(
      operand([2, 1, 2, 4], [see, see, see, not, see, see, see, see, not, see, see, not, not, see, see, see]),
    );
    expect(lengths!.values).toEqual([2, 2]);
  });
});

describeMistakes('keyMask', [
  {
    title: 'floats',
    operands: [operand([1, 2], [1, 1]), int64([1, 1], [0])],
    build: ([k, ids]) => keyMask(k!, ids!).mask,
    message: /int64/,
  },
]);
