import { describe, expect, test } from '@jest/globals';
import { describeUnary } from '../testing/describe-elementwise.js';
import { evaluate } from '../testing/evaluate.js';
import { operand } from '../testing/operand.js';
import { round } from './round.js';

/** By remainders, independent of any rounding function. */
function halfToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

describeUnary('round', round, halfToEven, { low: -6, high: 6 });

describe.each(['float64', 'float32'] as const)('halves go to the even neighbour, in %s', (float) => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [3.5, 4],
    [-0.5, 0],
    [-1.5, -2],
    [-2.5, -2],
    [-3.5, -4],
  ])('%d becomes %d', async (x, want) => {
    const [y] = await evaluate([operand([], [x])], ([v]) => round(v!), float);
    expect(y!.values[0]! + 0).toBe(want);
  });
});
