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
  test('goes on to harder items where too many are right, to easier ones where too few are, and stays in the band', async () => {
    for (const [right, direction] of [
      [10, 1],
      [0, -1],
      [6.5, 0],
    ] as const) {
      const order = orderOf(right, right === 6.5 ? { low: 0.4, high: 0.95 } : {});
      await order.run(0, weights);
      const [{ success, level }] = points(order) as [SteeringPoint];
      expect(Math.sign(level - 0.5)).toBe(direction);
      if (direction !== 0) expect(success).toBe(right / 10);
    }
    const order = orderOf(10);
    for (let step = 0; step < 12; step += 4) await order.run(step, weights);
    expect(points(order).map(({ level }) => level)).toEqual([expect.closeTo(0.85, 10), 1, 1]);
  });

  test('draws from a quarter of the ranking at its level, and now and then from all of it', async () => {
    const order = orderOf(10);
    for (let step = 0; step < 12; step += 4) await order.run(step, weights);
    const ranks = Array.from({ length: 4000 }, (_, draw) => order.at(draw, 9));
    const inside = ranks.filter((rank) => rank >= 0.75 * COUNT).length / ranks.length;
    expect(inside).toBeCloseTo(0.8 + 0.2 * 0.25, 1);
    expect(Math.min(...ranks)).toBeLessThan(0.1 * COUNT);
    expect(Math.max(...ranks)).toBe(COUNT - 1);
    expect(orderOf(10, { explore: 0 }).at(5, 0)).toBeLessThan(0.63 * COUNT);
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
