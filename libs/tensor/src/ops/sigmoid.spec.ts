import { expect, test } from '@jest/globals';
import { describeUnary } from '../testing/describe-elementwise.js';
import { evaluate } from '../testing/evaluate.js';
import { operand } from '../testing/operand.js';
import { sigmoid } from './sigmoid.js';

describeUnary('sigmoid', sigmoid, (x) => 1 / (1 + Math.exp(-x)));

test.each(['float64', 'float32'] as const)('saturates without NaN, in %s', async (float) => {
  const [y] = await evaluate([operand([2], [-1e4, 1e4])], ([x]) => sigmoid(x!), float);
  expect(y!.values[0]).toBeCloseTo(0, 30);
  expect(y!.values[1]).toBe(1);
});
