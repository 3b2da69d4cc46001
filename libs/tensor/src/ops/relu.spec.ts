import { expect, test } from '@jest/globals';
import { describeUnary } from '../testing/describe-elementwise.js';
import { autodiff } from '../testing/gradcheck.js';
import { operand } from '../testing/operand.js';
import { relu } from './relu.js';

describeUnary('relu', relu, (x) => Math.max(x, 0));

test('the gradient at 0 is 0', async () => {
  const [g] = await autodiff([operand([2], [0, -0])], ([x]) => relu(x!));
  expect(g!.values.map(Math.abs)).toEqual([0, 0]);
});
