import { describe, expect, test } from '@jest/globals';
import { evaluate } from '../testing/evaluate.js';
import { type Operand, operand } from '../testing/operand.js';
import { clipByNorm, globalNorm } from './clip-norm.js';

/** torch.nn.utils.clip_grad_norm_: every gradient times min(1, maxNorm / (norm + 1e-6)). */
function byDefinition(gradients: readonly Operand[], maxNorm: number): number[][] {
  const norm = Math.hypot(...gradients.flatMap((g) => g.values));
  return gradients.map((g) => g.values.map((v) => v * Math.min(1, maxNorm / (norm + 1e-6))));
}

const gradients = [operand([2, 2], [1, -2, 3, 4]), operand([3], [0.5, -0.5, 6])];

describe('clipByNorm', () => {
  test.each([0.1, 1, 8.4, 8.5, 100])('to %d is torch’s rule over all tensors together', async (maxNorm) => {
    const clipped = await evaluate(gradients, (g) => clipByNorm(g, globalNorm(g), maxNorm));
    const want = byDefinition(gradients, maxNorm);
    clipped.forEach((g, i) => g.values.forEach((v, j) => expect(v).toBeCloseTo(want[i]![j]!, 14)));
  });

  test('leaves gradients inside the norm untouched, to the last bit', async () => {
    const clipped = await evaluate(gradients, (g) => clipByNorm(g, globalNorm(g), 100));
    expect(clipped.map((g) => g.values)).toEqual(gradients.map((g) => g.values));
  });

  test('of zeros is zeros', async () => {
    const [g] = await evaluate([operand([2], [0, 0])], (v) => clipByNorm(v, globalNorm(v), 1));
    expect(g!.values).toEqual([0, 0]);
  });

  test('of NaN stays NaN, so that divergence is seen', async () => {
    const clipped = await evaluate([operand([2], [NaN, 1])], (v) => clipByNorm(v, globalNorm(v), 1));
    expect(clipped[0]!.values).toEqual([NaN, NaN]);
  });
});
