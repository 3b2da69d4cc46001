import { describe, expect, test } from '@jest/globals';
import { add } from '../ops/add.js';
import { exp } from '../ops/exp.js';
import { matmul } from '../ops/matmul.js';
import { mul } from '../ops/mul.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { sub } from '../ops/sub.js';
import { feedsOf, runOnce } from '../testing/evaluate.js';
import { uniform } from '../testing/operand.js';
import { gradients } from './autodiff.js';
import { Graph } from './graph.js';
import { reachable } from './serialize.js';

function inputs(...shapes: number[][]) {
  const graph = new Graph({ float: 'float64' });
  return { graph, values: shapes.map((shape, i) => graph.floatInput(`x${i}`, shape)) };
}

describe('gradients', () => {
  test('add up over all ways from a value to the loss', async () => {
    const {
      graph,
      values: [x],
    } = inputs([3]);
    const y = mul(x!, x!);
    const [g] = gradients(reduceSum(add(mul(y, x!), sub(y, x!))), [x!]);
    const operand = uniform('ways', [3]);
    const result = await runOnce(graph, { g: g! }, feedsOf(graph, [operand]));
    operand.values.forEach((v, i) => expect(result['g']!.values[i]).toBeCloseTo(3 * v * v + 2 * v - 1, 12));
  });

  test('of a value inside the graph are there too, next to those of what it is made of', async () => {
    const {
      graph,
      values: [x],
    } = inputs([2]);
    const y = exp(x!);
    const [gx, gy] = gradients(reduceSum(mul(y, y)), [x!, y]);
    const result = await runOnce(graph, { gx: gx!, gy: gy! }, feedsOf(graph, [uniform('inside', [2])]));
    uniform('inside', [2]).values.forEach((v, i) => {
      expect(result['gy']!.values[i]).toBeCloseTo(2 * Math.exp(v), 12);
      expect(result['gx']!.values[i]).toBeCloseTo(2 * Math.exp(2 * v), 11);
    });
  });

  test('are null where the loss does not depend on a value', () => {
    const {
      values: [x, z],
    } = inputs([2], [2]);
    mul(z!, x!);
    expect(gradients(reduceSum(exp(x!)), [x!, z!]).map((g) => g !== null)).toEqual([true, false]);
  });

  test('of a loss with respect to itself is one', async () => {
    const {
      graph,
      values: [x],
    } = inputs([1]);
    const [g] = gradients(x!, [x!]);
    expect(await runOnce(graph, { g: g! }, feedsOf(graph, [uniform('one', [1])]))).toEqual({
      g: { shape: [1], values: [1] },
    });
  });

  test('cost nothing for what nobody asks for: no product for the gradient of a constant operand', () => {
    const {
      graph,
      values: [x, table],
    } = inputs([4, 3], [3, 5]);
    const y = matmul(x!, table!);
    const before = graph.nodes.length;
    const [g] = gradients(reduceSum(mul(y, y)), [x!]);
    const products = reachable(graph, [g!]).filter((n) => n.op.name === 'matmul');
    expect(products.map((n) => n.name)).toEqual(['matmul', 'grad/matmul/matmul']);
    expect(graph.nodes.length).toBeGreaterThan(before);
    expect(graph.nodes.filter((n) => n.op.name === 'matmul')).toHaveLength(2);
  });

  test('say where they come from in their names', () => {
    const {
      graph,
      values: [x],
    } = inputs([2]);
    const y = graph.scope('layers.1', () => exp(x!));
    expect(gradients(reduceSum(y), [x!])[0]!.name).toBe('grad/layers.1/exp/mul');
  });

  test('refuse a loss of several elements', () => {
    const {
      values: [x],
    } = inputs([2]);
    expect(() => gradients(exp(x!), [x!])).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: 'exp: a loss has one element, not [2]' }),
    );
  });
});
