import { expect, test } from '@jest/globals';
import { describeOp, worstDifference } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { autodiff } from '../testing/gradcheck.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { map } from '../testing/plain.js';
import { cast } from './cast.js';
import { mul } from './mul.js';

const whole = integers('cast', [2, 3], 100, 'int32');
const x = uniform('cast', [2, 3], [-5, 5]);

describeOp('cast', [
  {
    title: 'int32 to float',
    operands: [whole],
    build: ([v]) => cast(v!, v!.graph.float),
    expected: map(whole, (v) => v),
    differentiable: false,
  },
  {
    title: 'float to int64 cuts towards zero',
    operands: [x],
    build: ([v]) => cast(v!, 'int64'),
    expected: map(x, Math.trunc),
    differentiable: false,
  },
  { title: 'to the type it has is nothing', operands: [x], build: ([v]) => cast(v!, v!.graph.float), expected: x },
]);

test('float64 to float32 rounds to the nearest', async () => {
  const [y] = await evaluate([x], ([v]) => cast(v!, 'float32'));
  expect(worstDifference(y!, map(x, Math.fround))).toBe(0);
});

test('gradients pass between float types and come back in the type of the operand', async () => {
  const through = ([v]: Parameters<typeof mul>[0][]) => mul(cast(cast(v!, 'float32'), 'float64'), v!.graph.scalar(3));
  const [got] = await autodiff([x], through);
  const [plain] = await autodiff([x], ([v]) => mul(v!, v!.graph.scalar(3)));
  expect(worstDifference(got!, plain!)).toBeLessThan(1e-6);
});

test('no gradient passes through integers', async () => {
  const [g] = await autodiff([operand([2], [1.2, 2.7])], ([v]) => cast(cast(v!, 'int64'), 'float64'));
  expect(g!.values).toEqual([0, 0]);
});
