import { describe, expect, test } from '@jest/globals';
import { drive } from '../testing/drive.js';
import type { Parameter } from './optimizer.js';
import { sgd } from './sgd.js';

const roles = ['matrix', 'embedding', 'vector'] as const;
const parameters: Parameter[] = roles.map((role) => ({ name: role, role, shape: role === 'vector' ? [2] : [2, 1] }));
const START = [0.5, -2];
const GRADIENTS = [
  [0.1, -3],
  [-0.4, 0.01],
  [0.2, 7],
];

/** torch.optim.SGD with nesterov=True, for one number: g' = g + λp; b = µb + g'; p −= η(g' + µb). */
function byDefinition(x: number, gradients: readonly number[], rate: number, mu: number, decay: number): number[] {
  let [b, p] = [0, x];
  return gradients.map((g) => {
    const decayed = g + decay * p;
    b = mu * b + decayed;
    p -= rate * (decayed + mu * b);
    return p;
  });
}

describe.each([
  { learningRate: 0.1, momentum: 0.9, weightDecay: 0 },
  { learningRate: 0.1, momentum: 0.9, weightDecay: 0.3 },
  { learningRate: 0.5, momentum: 0, weightDecay: 0.1 },
])('SGD with %j', (options) => {
  test.each(roles)('follows the definition on a %s', async (role) => {
    const path = await drive(
      { parameters, optimizer: sgd(options) },
      Object.fromEntries(roles.map((r) => [r, START])),
      GRADIENTS.map((g) => Object.fromEntries(roles.map((r) => [r, g]))),
    );
    const decay = role === 'vector' ? 0 : options.weightDecay;
    START.forEach((x, i) => {
      const want = byDefinition(
        x,
        GRADIENTS.map((g) => g[i]!),
        options.learningRate,
        options.momentum,
        decay,
      );
      want.forEach((p, step) => expect(Math.abs(path[step]![role]![i]! - p)).toBeLessThan(1e-14));
    });
  });
});
