import { expect, test } from '@jest/globals';
import { describeReduction } from '../testing/describe-reduction.js';
import { autodiff } from '../testing/gradcheck.js';
import { operand } from '../testing/operand.js';
import { reduceMax } from './reduce-max.js';

describeReduction('reduceMax', reduceMax, (group) => Math.max(...group));

test('ties share the gradient equally, as torch.amax does', async () => {
  const x = operand([2, 4], [1, 3, 3, 3, 5, 2, 5, 1]);
  const [g] = await autodiff([x], ([v]) => reduceMax(v!, [1]));
  const [one] = await autodiff([operand([2], [3, 5])], ([v]) => v!);
  const [first, second] = one!.values as [number, number];
  const want = [0, first / 3, first / 3, first / 3, second / 2, 0, second / 2, 0];
  g!.values.forEach((value, i) => expect(value).toBeCloseTo(want[i]!, 14));
});
