import { describe, expect, test } from '@jest/globals';
import { grok, pairsOf, type GrokkingRun } from '../testing/grokking.js';

/** x · y mod 31 out of 70 % of all pairs. Every second held-out pair has its mirror image in the train part, which is all that memory is worth. */
const RUN = { modulus: 31, trainShare: 0.7, hiddenSize: 64, every: 250, threads: 1, seed: 1 };
const ADAM = {
  name: 'adamw',
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.98,
  weightDecay: 0,
  clipNorm: 0,
  schedule: 'constant',
} as const;
const GROKFAST = { ...ADAM, filter: 'grokfast-ema' } as const;
/** First weights as in the networks of the field, whose embedding is large; they memorise before they generalise. */
const LARGE = { initializerRange: 0.05, embeddingRange: 1, rows: 64, maxSteps: 4000 };
/** Small ones, as of models that are trained here. */
const SMALL = { initializerRange: 0.02, embeddingRange: 0.02, rows: 32, maxSteps: 2000 };
/** In milliseconds. */
const MINUTE = 60_000;

const run = (more: Pick<GrokkingRun, 'optimizer'> & Partial<GrokkingRun>) => grok({ ...RUN, ...LARGE, ...more });

test('the pairs that are held out are trained on in no run', () => {
  const { train, validation } = pairsOf(RUN);
  const seen = new Set(train.map((pair) => pair.join()));
  expect(validation.filter((pair) => seen.has(pair.join()))).toEqual([]);
  expect(train.length + validation.length).toBe(31 * 30);
});

describe('late generalisation', () => {
  test(
    'is seen with large first weights, long after the train part is known, and only with weight decay',
    async () => {
      const decayed = await run({ optimizer: { ...ADAM, weightDecay: 2 } });
      expect(decayed.validationSteps! / decayed.trainSteps!).toBeGreaterThan(3);
      const plain = await run({ optimizer: ADAM, maxSteps: 2 * decayed.validationSteps! });
      expect(plain.trainSteps).toBeLessThanOrEqual(decayed.trainSteps!);
      expect(plain.validationSteps).toBeUndefined();
    },
    5 * MINUTE,
  );

  test(
    'comes with Grokfast as well, where weights decay',
    async () => {
      const { trainSteps, validationSteps } = await run({ optimizer: { ...GROKFAST, weightDecay: 2 } });
      expect(validationSteps! / trainSteps!).toBeGreaterThan(3);
    },
    5 * MINUTE,
  );

  test(
    'is not helped by Grokfast with small first weights: plain Adam generalises, and Grokfast does not in twice the steps',
    async () => {
      const plain = await run({ ...SMALL, optimizer: ADAM });
      expect(plain.validationSteps).toBeLessThanOrEqual(SMALL.maxSteps);
      const filtered = await run({
        ...SMALL,
        optimizer: { ...GROKFAST, weightDecay: 0.005 },
        maxSteps: 2 * plain.validationSteps!,
      });
      expect(filtered.validationSteps).toBeUndefined();
      expect(filtered.curve.at(-1)!.validation).toBeLessThan(0.9);
    },
    5 * MINUTE,
  );
});
