import { describe, expect, test } from '@jest/globals';
import { describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { autodiff } from '../testing/gradcheck.js';
import { operand, uniform } from '../testing/operand.js';
import { abs } from './abs.js';
import { clip } from './clip.js';
import { div } from './div.js';
import { mul } from './mul.js';
import { reduceMean } from './reduce-mean.js';
import { round } from './round.js';
import { stopGradient, straightThrough } from './stop-gradient.js';

const x = uniform('stop', [3, 4]);

describeOp('stopGradient', [
  {
    title: 'is the identity forward',
    operands: [x],
    build: ([v]) => stopGradient(v!),
    expected: x,
    differentiable: false,
  },
]);

test('what stands behind a stop counts as a constant', async () => {
  const [g] = await autodiff([x], ([v]) => mul(v!, stopGradient(v!)));
  const [ones] = await autodiff([x], ([v]) => v!);
  g!.values.forEach((value, i) => expect(value).toBeCloseTo(ones!.values[i]! * x.values[i]!, 12));
});

describe('straightThrough', () => {
  const ties = operand([6], [0.5, 1.5, 2.5, -0.5, -1.5, -2.5]);

  test('has the quantised value', async () => {
    const [y] = await evaluate([ties], ([v]) => straightThrough(v!, round(v!)));
    expect(y!.values.map((v) => v + 0)).toEqual([0, 2, 2, 0, -2, -2]);
  });

  test('has exactly the gradient of the identity', async () => {
    const [g] = await autodiff([ties], ([v]) => straightThrough(v!, round(v!)));
    const [identity] = await autodiff([ties], ([v]) => v!);
    expect(g!.values).toEqual(identity!.values);
  });

  test('drops the derivative of a scale that depends on x, as the ternary quantiser wants', async () => {
    const ternary = operand([2, 3], [0.9, -0.1, 0.3, -0.6, 0.05, -1.5]);
    const quantise = ([w]: Parameters<typeof abs>) => {
      const gamma = clip(reduceMean(abs(w), undefined), 1e-5, Infinity);
      return straightThrough(w, mul(clip(round(div(w, gamma)), -1, 1), gamma));
    };
    const [y] = await evaluate([ternary], ([w]) => quantise([w!]));
    // BitNet b1.58 (arXiv:2402.17764, eq. 1 to 3): γ = mean|W| = 0.575 here.
    [0.575, 0, 0.575, -0.575, 0, -0.575].forEach((want, i) => expect(y!.values[i]).toBeCloseTo(want, 12));
    const [g] = await autodiff([ternary], ([w]) => quantise([w!]));
    const [identity] = await autodiff([ternary], ([w]) => w!);
    expect(g!.values).toEqual(identity!.values);
  });
});
