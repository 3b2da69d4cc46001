import { beforeAll, describe, expect, test } from '@jest/globals';
import { SequenceScorer, type Weights } from '@agent-forge/model';
import { tinyModel } from '../testing/tiny-model.js';
import type { RankedItem } from './pool.js';
import { SteeredOrder, type SteeringOptions, type SteeringPoint } from './steered-order.js';

const COUNT = 200;
const OPTIONS: SteeringOptions = { low: 0.55, high: 0.75, window: 50, every: 4, explore: 0.2 };
const model = tinyModel(1, { hidden_size: 32 });
const host = { seed: 1, threads: 1, signal: new AbortController().signal };

/** Ranked items of two tokens after a first one; the model is right on the first `right` of every ten. */
let likeliest: number[];
beforeAll(async () => {
  const scorer = await SequenceScorer.create(model, { threads: 1 });
  const scores = await scorer.score(Array.from({ length: 100 }, (_, first) => [first + 1, 0]));
  likeliest = scores.map(({ predicted }) => predicted[0]!);
  await scorer.release();
});

const items = (right: number): RankedItem[] =>
  likeliest.map((answer, i) => {
    const ids = [i + 1, i % 10 < right ? answer : (answer + 1) % 200];
    return { ids, learnt: [0, 1], difficulty: i, family: 'up', key: `${i}` };
  });
const orderOf = (right: number, options: Partial<SteeringOptions> = {}) =>
  new SteeredOrder(COUNT, items(right), model, { ...OPTIONS, ...options }, host);
const points = (order: SteeredOrder) => order.state() as unknown as SteeringPoint[];
const weights: Weights = model.weights;

describe('a steered order', () => {
  test('goes on to harder items where too many are right, and to easier ones where too few are', async () => {
    for (const [right, direction] of [
      [10, 1],
      [0, -1],
    ] as const) {
      const order = orderOf(right);
      await order.run(0, weights);
      const [{ success, level }] = points(order) as [SteeringPoint];
      expect(success).toBe(right / 10);
      expect(Math.sign(level - 0.5)).toBe(direction);
    }
    const order = orderOf(10);
    for (let step = 0; step < 12; step += 4) await order.run(step, weights);
    expect(points(order).map(({ level }) => level)).toEqual([0.5875, 0.675, 0.7625].map((x) => expect.closeTo(x, 10)));
  });

  test('draws by its level, smoothly from the easiest to the hardest, and now and then from everywhere', () => {
    const draw = (level: number, explore: number) => {
      const order = orderOf(10, { explore });
      order.restore([{ success: 1, level }]);
      return Array.from({ length: 4000 }, (_, i) => order.at(i, 0));
    };
    const mean = (ranks: readonly number[]) => ranks.reduce((sum, rank) => sum + rank, 0) / ranks.length / COUNT;
    // The mean of u under the density e^(bu): 1 / (1 − e^−b) − 1 / b.
    for (const level of [0, 0.3, 0.7, 1]) {
      const b = 16 * (2 * level - 1);
      expect(mean(draw(level, 0))).toBeCloseTo(1 / (1 - Math.exp(-b)) - 1 / b, 1);
    }
    expect(mean(draw(0.5, 0))).toBeCloseTo(0.5, 1);
    const hardest = draw(1, 0.2);
    expect(hardest.filter((rank) => rank < COUNT / 2).length / hardest.length).toBeCloseTo(0.1, 1);
    expect(Math.min(...hardest)).toBeLessThan(0.1 * COUNT);
    expect(Math.max(...hardest)).toBe(COUNT - 1);
  });

  test('forgets what it decided later, when a training is rolled back, and decides the same again', async () => {
    const order = orderOf(10);
    for (let step = 0; step < 16; step += 4) await order.run(step, weights);
    const all = structuredClone(points(order));
    await order.run(4, weights);
    expect(points(order)).toEqual(all.slice(0, 2));
    const other = orderOf(10);
    other.restore(JSON.parse(JSON.stringify(points(order))));
    for (let step = 8; step < 16; step += 4) await other.run(step, weights);
    expect(points(other)).toEqual(all);
  });
});
