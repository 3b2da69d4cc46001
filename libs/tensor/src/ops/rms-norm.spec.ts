import { expect, test } from '@jest/globals';
import { describeMistakes, describeOp, worstDifference } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { type Operand, integers, operand, uniform } from '../testing/operand.js';
import { rows, sum } from '../testing/plain.js';
import { rmsNorm } from './rms-norm.js';

const EPS = 1e-2;

function normalised(x: Operand, gain: Operand, eps: number): Operand {
  return rows(x, (row) =>
    row.map((v, i) => (v / Math.sqrt(sum(row.map((w) => w * w)) / row.length + eps)) * gain.values[i]!),
  );
}

// A large eps, so that its part in value and gradient is seen.
const cases = [[6], [2, 6], [2, 3, 6], [2, 2, 3, 6]].map((shape) => {
  const [x, gain] = [uniform(`norm ${shape.join()}`, shape), uniform('gain', [6])];
  return {
    title: `[${shape.join(', ')}]`,
    operands: [x, gain],
    build: ([v, g]: Parameters<typeof rmsNorm>[0][]) => rmsNorm(v!, g!, EPS),
    expected: normalised(x, gain, EPS),
  };
});

describeOp('rmsNorm', cases);

test.each(['float64', 'float32'] as const)(
  'a row of zeros stays zero, and a tiny one is lifted by eps, in %s',
  async (float) => {
    const x = operand([2, 2], [0, 0, 1e-4, -1e-4]);
    const gain = operand([2], [1, 2]);
    const [y] = await evaluate([x, gain], ([v, g]) => rmsNorm(v!, g!, 1e-6), float);
    expect(worstDifference(y!, normalised(x, gain, 1e-6))).toBeLessThan(1e-6);
  },
);

const x = uniform('norm', [2, 6]);
describeMistakes('rmsNorm', [
  {
    title: 'a gain of another width',
    operands: [x, uniform('gain', [5])],
    build: ([v, g]) => rmsNorm(v!, g!, EPS),
    message: /gain \[5\] does not fit \[2, 6\]/,
  },
  {
    title: 'a gain of rank 2',
    operands: [x, x],
    build: ([v, g]) => rmsNorm(v!, g!, EPS),
    message: /gain \[2, 6\] does not fit/,
  },
  {
    title: 'integers',
    operands: [integers('i', [2, 3], 5), integers('g', [3], 5)],
    build: ([v, g]) => rmsNorm(v!, g!, EPS),
    message: /needs floats/,
  },
]);
