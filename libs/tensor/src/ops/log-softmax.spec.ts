import { expect, test } from '@jest/globals';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { rows, sum } from '../testing/plain.js';
import { logSoftmax } from './log-softmax.js';

const logSoftmaxRow = (row: number[]): number[] => row.map((v) => v - Math.log(sum(row.map(Math.exp))));

describeOp(
  'logSoftmax',
  [[5], [2, 3], [2, 3, 4], [3, 1]].map((shape) => {
    const x = uniform(`logSoftmax ${shape.join()}`, shape, [-3, 3]);
    return {
      title: `[${shape.join(', ')}]`,
      operands: [x],
      build: ([v]) => logSoftmax(v!),
      expected: rows(x, logSoftmaxRow),
    };
  }),
);

test.each(['float64', 'float32'] as const)('of huge scores stays finite, in %s', async (float) => {
  const [y] = await evaluate([operand([3], [1e4, 1e4 - 8, -1e4])], ([x]) => logSoftmax(x!), float);
  const rest = -Math.log1p(Math.exp(-8));
  [rest, rest - 8, rest - 2e4].forEach((want, i) => expect(y!.values[i]).toBeCloseTo(want, 2));
});

describeMistakes('logSoftmax', [
  {
    title: 'integers',
    operands: [integers('logSoftmax', [3], 5)],
    build: ([v]) => logSoftmax(v!),
    message: /needs floats/,
  },
  {
    title: 'a scalar',
    operands: [uniform('logSoftmax', [])],
    build: ([v]) => logSoftmax(v!),
    message: /needs an axis/,
  },
]);
