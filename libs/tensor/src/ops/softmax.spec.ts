import { expect, test } from '@jest/globals';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { rows, sum } from '../testing/plain.js';
import { softmax } from './softmax.js';

const softmaxRow = (row: number[]): number[] => row.map((v) => Math.exp(v) / sum(row.map(Math.exp)));

describeOp(
  'softmax',
  [[5], [2, 3], [2, 3, 4], [3, 1]].map((shape) => {
    const x = uniform(`softmax ${shape.join()}`, shape, [-3, 3]);
    return {
      title: `[${shape.join(', ')}]`,
      operands: [x],
      build: ([v]) => softmax(v!),
      expected: rows(x, softmaxRow),
    };
  }),
);

test.each(['float64', 'float32'] as const)(
  'of huge scores neither overflows nor loses the sum, in %s',
  async (float) => {
    const [y] = await evaluate([operand([2, 3], [1e4, 1e4 - 1, -1e9, -1e9, -1e9, -1e9])], ([x]) => softmax(x!), float);
    const [a, b, masked, ...even] = y!.values as [number, number, number, ...number[]];
    expect(a / b).toBeCloseTo(Math.E, 4);
    expect(masked).toBe(0);
    even.forEach((v) => expect(v).toBeCloseTo(1 / 3, 6));
  },
);

describeMistakes('softmax', [
  { title: 'integers', operands: [integers('softmax', [3], 5)], build: ([v]) => softmax(v!), message: /needs floats/ },
  { title: 'a scalar', operands: [uniform('softmax', [])], build: ([v]) => softmax(v!), message: /needs an axis/ },
]);
