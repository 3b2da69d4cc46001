import { expect, test } from '@jest/globals';
import { describeUnary } from '../testing/describe-elementwise.js';
import { evaluate } from '../testing/evaluate.js';
import { operand } from '../testing/operand.js';
import { sign } from './sign.js';

// Flat wherever a difference quotient can look, and so is its gradient.
describeUnary('sign', sign, Math.sign);

test('of both zeros is zero', async () => {
  const [y] = await evaluate([operand([2], [0, -0])], ([x]) => sign(x!));
  expect(y!.values.map(Math.abs)).toEqual([0, 0]);
});
