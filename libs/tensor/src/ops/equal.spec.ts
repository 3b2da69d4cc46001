import { expect, test } from '@jest/globals';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { autodiff } from '../testing/gradcheck.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { zip } from '../testing/plain.js';
import { equal } from './equal.js';

const a = integers('equal a', [3, 4], 2);
const b = integers('equal b', [4], 2);

describeOp('equal', [
  {
    title: 'integers, broadcast',
    operands: [a, b],
    build: ([x, y]) => equal(x!, y!),
    expected: zip(a, b, (x, y) => Number(x === y)),
    differentiable: false,
  },
]);

test('compares floats to the last bit, zeros of both signs as equal, and NaN with nothing', async () => {
  const [y] = await evaluate([operand([3], [0, 0.3, NaN]), operand([3], [-0, 0.1 + 0.2, NaN])], ([u, v]) =>
    equal(u!, v!),
  );
  expect(y!.values).toEqual([1, 0, 0]);
});

test('stands on no gradient path: it has no rule and says so', async () => {
  const x = uniform('equal', [2]);
  await expect(autodiff([x], ([v]) => equal(v!, v!))).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
});

describeMistakes('equal', [
  {
    title: 'two types',
    operands: [a, uniform('float', [4])],
    build: ([x, y]) => equal(x!, y!),
    message: /compares int64 with float32/,
  },
  {
    title: 'shapes that do not broadcast',
    operands: [a, integers('equal c', [3], 2)],
    build: ([x, y]) => equal(x!, y!),
    message: /\[3, 4\] and \[3\] do not broadcast/,
  },
]);
