import { describe, expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { evaluate } from '../testing/evaluate.js';
import { uniform, zeros } from '../testing/operand.js';
import { reduce, sum } from '../testing/plain.js';
import { inferBinary, reducedCount, sumTo } from './elementwise.js';

describe('inferBinary', () => {
  const type = (...shape: (number | string)[]) => ({ dtype: 'float32', shape }) as const;

  test.each([
    [type(2, 3), type(3), [2, 3]],
    [type(), type(2), [2]],
    [type('batch', 1, 4), type(5, 1), ['batch', 5, 4]],
    [type('batch', 'sequence'), type('batch', 'sequence'), ['batch', 'sequence']],
    [type(0, 3), type(1, 3), [0, 3]],
  ])('%j with %j', (a, b, want) => {
    expect(inferBinary([a, b])).toEqual([{ dtype: 'float32', shape: want }]);
  });

  test.each([
    [type('batch'), type('sequence')],
    [type('batch'), type(3)],
    [type(2), type(3)],
  ])('refuses %j with %j', (a, b) => {
    expect(() => inferBinary([a, b])).toThrow('do not broadcast');
  });
});

describe('sumTo', () => {
  const g = uniform('sumTo', [2, 3, 4]);
  test.each([
    [[2, 3, 4], g],
    [[3, 4], reduce(g, [0], false, sum)],
    [[1, 4], reduce(reduce(g, [0], false, sum), [0], true, sum)],
    [[2, 1, 1], reduce(g, [1, 2], true, sum)],
    [[], reduce(g, [0, 1, 2], false, sum)],
  ])('back to %j', async (shape, want) => {
    const [y] = await evaluate([g], ([v]) => sumTo(v!, v!.graph.constant(v!.graph.float, shape, zeros(shape).values)));
    expect(y!.shape).toEqual(want.shape);
    y!.values.forEach((value, i) => expect(value).toBeCloseTo(want.values[i]!, 12));
  });
});

test('reducedCount multiplies the lengths of the axes, which must be known', () => {
  const x = new Graph().floatInput('x', ['batch', 3, 4]);
  expect(reducedCount(x, [1, 2])).toBe(12);
  expect(() => reducedCount(x, [0])).toThrow('not a known number');
});
