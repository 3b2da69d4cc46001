import { describe, expect, test } from '@jest/globals';
import { drive } from '../testing/drive.js';
import { type AdamWOptions, adamw } from './adamw.js';
import type { Parameter } from './optimizer.js';

const roles = ['matrix', 'embedding', 'vector'] as const;
const parameters: Parameter[] = roles.map((role) => ({ name: role, role, shape: role === 'vector' ? [2] : [1, 2] }));
const START = [0.5, -2];
const GRADIENTS = [
  [0.1, -3],
  [-0.4, 1e-5],
  [0.2, 7],
];

/** Algorithm 2 of arXiv:1711.05101 as it stands in the paper, for one number, with η the schedule's factor. */
function byDefinition(
  x: number,
  gradients: readonly number[],
  o: Required<Omit<AdamWOptions, 'decaySteps'>>,
  decay: number,
  eta: readonly number[],
): number[] {
  let [m, v, p] = [0, 0, x];
  return gradients.map((g, i) => {
    const t = i + 1;
    m = o.beta1 * m + (1 - o.beta1) * g;
    v = o.beta2 * v + (1 - o.beta2) * g * g;
    const mHat = m / (1 - o.beta1 ** t);
    const vHat = v / (1 - o.beta2 ** t);
    p = p - eta[i]! * o.learningRate * (mHat / (Math.sqrt(vHat) + o.eps) + decay * p);
    return p;
  });
}

const DEFAULTS = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0.01 };

describe.each([
  { title: 'defaults', options: {} },
  { title: 'other betas', options: { beta1: 0.5, beta2: 0.95 } },
  { title: 'a large eps', options: { eps: 0.3 } },
  { title: 'strong decay', options: { weightDecay: 2 } },
  { title: 'no decay', options: { weightDecay: 0 } },
])('AdamW with $title', ({ options }) => {
  const all = { ...DEFAULTS, ...options };
  const eta = [1, 0.5, 0.25];

  test.each(roles)('follows the hand table on a %s', async (role) => {
    const path = await drive(
      { parameters, optimizer: adamw({ learningRate: 1e-3, ...options }) },
      Object.fromEntries(roles.map((r) => [r, START])),
      GRADIENTS.map((g) => Object.fromEntries(roles.map((r) => [r, g]))),
      (step) => eta[step - 1]!,
    );
    const decay = role === 'vector' ? 0 : all.weightDecay;
    START.forEach((x, i) => {
      const want = byDefinition(
        x,
        GRADIENTS.map((g) => g[i]!),
        all,
        decay,
        eta,
      );
      want.forEach((p, step) => expect(Math.abs(path[step]![role]![i]! - p)).toBeLessThan(1e-14));
    });
  });
});

test('the first step without decay is the learning rate against the sign of the gradient', async () => {
  const [first] = await drive(
    { parameters: [parameters[2]!], optimizer: adamw({ learningRate: 0.1, weightDecay: 0 }) },
    { vector: [0, 0] },
    [{ vector: [1e-3, -50] }],
  );
  expect(first!['vector']![0]).toBeCloseTo(-0.1, 5);
  expect(first!['vector']![1]).toBeCloseTo(0.1, 9);
});

test('decay ends after its last step', async () => {
  const still = GRADIENTS.map(() => ({ matrix: [0, 0] }));
  const path = await drive(
    {
      parameters: parameters.filter(({ name }) => name === 'matrix'),
      optimizer: adamw({ learningRate: 0.1, weightDecay: 1, decaySteps: 2 }),
    },
    { matrix: [1, -2] },
    still,
  );
  expect(path.map((step) => step['matrix']![0])).toEqual([0.9, 0.81, 0.81].map((x) => expect.closeTo(x, 12)));
});
