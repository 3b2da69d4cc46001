import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { checkSampling, greedyToken, sampleToken, samplingDistribution } from './sampling.js';

/** Logits of which softmax is 0.4, 0.3, 0.2, 0.06 and 0.04, in another order. */
const PROBABILITIES = [0.06, 0.4, 0.04, 0.2, 0.3];
const logits = Float32Array.from(PROBABILITIES, Math.log);
const all = { temperature: 1, topK: 0, topP: 1 };

function expected(kept: Record<number, number>, temperature = 1): Map<number, number> {
  const powered = Object.entries(kept).map(([id, p]) => [Number(id), p ** (1 / temperature)] as const);
  const total = powered.reduce((sum, [, p]) => sum + p, 0);
  return new Map(powered.map(([id, p]) => [id, p / total]));
}

describe('samplingDistribution', () => {
  test.each([
    { title: 'everything', options: all, want: expected({ ...PROBABILITIES }) },
    {
      title: 'temperature 0.5 squares',
      options: { ...all, temperature: 0.5 },
      want: expected({ ...PROBABILITIES }, 0.5),
    },
    { title: 'temperature 2', options: { ...all, temperature: 2 }, want: expected({ ...PROBABILITIES }, 2) },
    { title: 'top-k 1', options: { ...all, topK: 1 }, want: expected({ 1: 0.4 }) },
    { title: 'top-k 3', options: { ...all, topK: 3 }, want: expected({ 1: 0.4, 3: 0.2, 4: 0.3 }) },
    { title: 'top-k beyond the vocabulary', options: { ...all, topK: 99 }, want: expected({ ...PROBABILITIES }) },
    { title: 'top-p below the likeliest', options: { ...all, topP: 0.1 }, want: expected({ 1: 0.4 }) },
    { title: 'top-p 0.65', options: { ...all, topP: 0.65 }, want: expected({ 1: 0.4, 4: 0.3 }) },
    { title: 'top-p 0.75', options: { ...all, topP: 0.75 }, want: expected({ 1: 0.4, 3: 0.2, 4: 0.3 }) },
    { title: 'top-p 0.95', options: { ...all, topP: 0.95 }, want: expected({ 0: 0.06, 1: 0.4, 3: 0.2, 4: 0.3 }) },
    { title: 'top-p 0.97', options: { ...all, topP: 0.97 }, want: expected({ ...PROBABILITIES }) },
    // Of the two that top-k leaves, the first has 4/7 of the mass.
    {
      title: 'top-p counts what top-k leaves',
      options: { temperature: 1, topK: 2, topP: 0.55 },
      want: expected({ 1: 0.4 }),
    },
    { title: 'top-p after temperature', options: { temperature: 0.5, topK: 0, topP: 0.5 }, want: expected({ 1: 0.4 }) },
  ])('$title', ({ options, want }) => {
    const { ids, probabilities } = samplingDistribution(logits, options);
    expect([...ids]).toEqual([...want.keys()].sort((a, b) => a - b));
    ids.forEach((id, i) => expect(probabilities[i]).toBeCloseTo(want.get(id)!, 6));
  });

  test('of equals, the lower ids are kept', () => {
    const flat = Float32Array.of(1, 2, 2, 2, 0);
    expect([...samplingDistribution(flat, { ...all, topK: 2 }).ids]).toEqual([1, 2]);
    expect([...samplingDistribution(flat, { ...all, topP: 0.5 }).ids]).toEqual([1, 2]);
  });

  test('huge and tiny logits neither overflow nor lose the likeliest', () => {
    const wild = Float32Array.of(3e38, -3e38, 2.9e38);
    const { ids, probabilities } = samplingDistribution(wild, { temperature: 1e-3, topK: 0, topP: 0.9 });
    expect([[...ids], [...probabilities]]).toEqual([[0], [1]]);
  });

  test('a nucleus of a large random vocabulary is the shortest prefix of the sorted one', () => {
    const rng = Rng.derive(8, 'vocabulary');
    const many = Float32Array.from({ length: 5000 }, () => 3 * rng.normal());
    const whole = samplingDistribution(many, all).probabilities;
    for (const topP of [0.01, 0.3, 0.9, 0.999]) {
      const { ids } = samplingDistribution(many, { ...all, topP });
      const kept = [...ids].reduce((sum, id) => sum + whole[id]!, 0);
      const least = Math.min(...[...ids].map((id) => whole[id]!));
      expect(kept).toBeGreaterThanOrEqual(topP);
      expect(kept - least).toBeLessThan(topP);
      whole.forEach((p, id) => expect(p > least && !ids.includes(id)).toBe(false));
    }
  });
});

describe('sampleToken', () => {
  test.each([all, { temperature: 0.7, topK: 4, topP: 0.9 }])('draws as often as %j says', (options) => {
    const draws = 40_000;
    const rng = Rng.derive(4, 'draws');
    const counts = new Map<number, number>();
    for (let i = 0; i < draws; i++) {
      const id = sampleToken(logits, options, rng);
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const { ids, probabilities } = samplingDistribution(logits, options);
    expect([...counts.keys()].sort()).toEqual([...ids]);
    // Four standard deviations of a binomial share.
    ids.forEach((id, i) => {
      const p = probabilities[i]!;
      expect(Math.abs(counts.get(id)! / draws - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / draws));
    });
  });

  test('temperature 0 takes the likeliest and draws nothing', () => {
    const rng = Rng.derive(1, 'greedy');
    const before = rng.state();
    expect(sampleToken(logits, { temperature: 0, topK: 0, topP: 1 }, rng)).toBe(1);
    expect(rng.state()).toEqual(before);
    expect(greedyToken(Float32Array.of(1, 5, 5))).toBe(1);
  });

  test('logits that are not numbers are an error', () => {
    for (const bad of [NaN, Infinity])
      expect(() => greedyToken(Float32Array.of(bad, 1))).toThrow(/logits that are not finite/);
  });
});

test.each([
  [{ temperature: -1 }, /temperature is a number of at least 0, not -1/],
  [{ temperature: NaN }, /temperature/],
  [{ topK: 1.5 }, /topK is a whole number/],
  [{ topP: 0 }, /topP is a number above 0 and up to 1/],
  [{ topP: 1.1 }, /topP/],
])('refuses %j', (options, message) => {
  expect(() => checkSampling(options)).toThrow(message);
});
