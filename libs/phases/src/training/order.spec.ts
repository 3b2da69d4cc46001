import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { TokenSequence } from '@agent-forge/data';
import type { TokenBatch } from '@agent-forge/model';
import { competence } from './competence.js';
import { curriculumOrder, shuffledOrder, type Order } from './order.js';
import { PoolSource } from './pool-source.js';

const draws = (order: Order, count: number, batchOf: (draw: number) => number = () => 0) =>
  Array.from({ length: count }, (_, draw) => order.at(draw, batchOf(draw)));
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('the competence', () => {
  test.each([
    [0, 0.1],
    [25, Math.sqrt(0.25 * 0.99 + 0.01)],
    [50, Math.sqrt(0.5 * 0.99 + 0.01)],
    [75, Math.sqrt(0.75 * 0.99 + 0.01)],
    [100, 1],
    [1000, 1],
  ])('at step %d of 100 is its closed form, %d', (step, want) => {
    expect(competence(step, 100, 0.1)).toBeCloseTo(want, 14);
  });
});

describe('an order', () => {
  test('sees every item equally often over whole cycles, and once in each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 4 }), fc.nat(), (count, cycles, seed) => {
        const seen = draws(shuffledOrder(count, seed), cycles * count);
        for (let cycle = 0; cycle < cycles; cycle += 1) {
          const ranks = seen.slice(cycle * count, (cycle + 1) * count);
          expect(ranks.sort((a, b) => a - b)).toEqual(range(count));
        }
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('of a curriculum draws from what is open, each open item once in a cycle, and from everything at its end', () => {
    const [count, steps, perBatch] = [200, 50, 20];
    const batchOf = (draw: number) => Math.floor(draw / perBatch);
    const order = curriculumOrder(count, 1, { start: 0.1, steps });
    const seen = draws(order, 100 * perBatch, batchOf);
    seen.forEach((rank, draw) =>
      expect(rank).toBeLessThan(Math.round(competence(batchOf(draw), steps, 0.1) * count) + 1),
    );
    let begin = 0;
    const sizes: number[] = [];
    while (begin + count < seen.length) {
      const open = Math.round(competence(batchOf(begin), steps, 0.1) * count);
      expect(seen.slice(begin, begin + open).sort((a, b) => a - b)).toEqual(range(open));
      sizes.push(open);
      begin += open;
    }
    expect([sizes[0], sizes.at(-1)]).toEqual([20, count]);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });

  test('follows from its seed', () => {
    expect(draws(shuffledOrder(50, 1), 120)).toEqual(draws(shuffledOrder(50, 1), 120));
    expect(draws(shuffledOrder(50, 1), 120)).not.toEqual(draws(shuffledOrder(50, 2), 120));
  });
});

describe('batches of a pool', () => {
  /** Item i is told by its tokens, 2 to 6 of them. */
  const pool: TokenSequence[] = range(40).map((i) => {
    const ids = Array.from({ length: 2 + (i % 5) }, () => 100 + i);
    return { ids, learnt: ids.map(() => 1) };
  });
  const shape = { rows: 2, length: 10, padId: 0 };
  const itemsOf = ({ inputIds, segmentIds }: TokenBatch) =>
    range(shape.rows).flatMap((row) => {
      const at = row * shape.length;
      const segments = new Set(segmentIds.slice(at, at + shape.length));
      segments.delete(0);
      return [...segments].map(
        (segment) => inputIds[at + segmentIds.slice(at, at + shape.length).indexOf(segment)]! - 100,
      );
    });

  test('hold every item once in a cycle, none left out at the end of a batch', () => {
    const source = new PoolSource(pool, shuffledOrder(pool.length, 1), shape);
    const seen: number[] = [];
    for (let k = 0; seen.length < 3 * pool.length; k += 1) seen.push(...itemsOf(source.batch(k)));
    const whole = Math.floor(seen.length / pool.length);
    const counts = range(pool.length).map((i) => seen.filter((item) => item === i).length);
    for (const count of counts) expect(Math.abs(count - whole)).toBeLessThanOrEqual(1);
  });

  test('are a function of their number: asked for in any order, again, and of a new source', () => {
    const sourceOf = () => new PoolSource(pool, curriculumOrder(pool.length, 1, { start: 0.2, steps: 10 }), shape);
    const forward = sourceOf();
    const batches = range(20).map((k) => forward.batch(k));
    const other = sourceOf();
    for (const k of [13, 4, 4, 19, 0]) expect(other.batch(k)).toEqual(batches[k]);
  });

  test('draw nothing for batches that are not theirs', () => {
    const all = new PoolSource(pool, shuffledOrder(pool.length, 1), shape);
    const odd = new PoolSource(pool, shuffledOrder(pool.length, 1), shape, (k) => k % 2 === 1);
    for (const k of range(12)) expect(odd.batch(2 * k + 1)).toEqual(all.batch(k));
  });

  test('refuse an item that fits into no row, and an empty pool', () => {
    const long = { ids: range(12), learnt: range(12).map(() => 1) };
    expect(() => new PoolSource([long], shuffledOrder(1, 1), shape)).toThrow(/takes 11 places, but a row has 10/);
    expect(() => new PoolSource([], shuffledOrder(1, 1), shape)).toThrow(/no item to train on/);
  });
});
