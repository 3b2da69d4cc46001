import { describe, expect, test } from '@jest/globals';
import { gradients } from '../ir/autodiff.js';
import { Graph, type Value } from '../ir/graph.js';
import { evaluate, runOnce, tensorOf } from '../testing/evaluate.js';
import { operand, uniform, zeros } from '../testing/operand.js';
import { product, reduce, sum, zip } from '../testing/plain.js';
import { add } from './add.js';
import { matmul } from './matmul.js';
import { mul } from './mul.js';
import { reduceSum } from './reduce-sum.js';
import { scan } from './scan.js';
import { transpose } from './transpose.js';

const start = operand([2], [1, 2]);
const steps = operand([3, 2], [1, 1, 2, 2, 3, 3]);

describe('scan', () => {
  test('carries states and stacks what is collected', async () => {
    const [last, all] = await evaluate([start, steps], ([s, x]) => {
      const { states, collected } = scan([s!], [x!], (_, [state], [slice]) => {
        const next = add(mul(state!, state!.graph.scalar(10)), slice!);
        return { states: [next], collected: [next] };
      });
      return [...states, ...collected];
    });
    expect(last!.values).toEqual([1123, 2123]);
    expect(all).toEqual({ shape: [3, 2], values: [11, 21, 112, 212, 1123, 2123] });
  });

  test('runs as many steps as it is given, in one graph', async () => {
    const graph = new Graph();
    const [s, x] = [graph.floatInput('s', []), graph.floatInput('x', ['steps'])];
    const { states } = scan([s], [x], (_, [state], [slice]) => ({ states: [add(state!, slice!)], collected: [] }));
    for (const n of [1, 2, 7]) {
      const feeds = {
        s: tensorOf(operand([], [0]), 'float32'),
        x: tensorOf(
          operand(
            [n],
            Array.from({ length: n }, (_, i) => i + 1),
          ),
          'float32',
        ),
      };
      const result = await runOnce(graph, { total: states[0]! }, feeds);
      expect(result['total']!.values).toEqual([(n * (n + 1)) / 2]);
    }
  });

  test('uses values and constants from around it', async () => {
    const factor = uniform('factor', [2]);
    const [y] = await evaluate([start, steps, factor], ([s, x, f]) => {
      const doubled = add(f!, f!);
      const shift = s!.graph.constant(s!.graph.float, [2], [5, 7]);
      return scan([s!], [x!], (_, [state], [slice]) => ({
        states: [add(mul(slice!, doubled), add(state!, shift))],
        collected: [],
      })).states;
    });
    const want = zip(
      zip(reduce(steps, [0], false, sum), factor, (a, b) => 2 * a * b),
      operand([2], [1 + 15, 2 + 21]),
      (a, b) => a + b,
    );
    y!.values.forEach((value, i) => expect(value).toBeCloseTo(want.values[i]!, 12));
  });

  test('nests, and the inner body uses values of both graphs around it', async () => {
    const grid = uniform('grid', [3, 4]);
    const [y] = await evaluate(
      [operand([], [0]), grid, operand([3], [1, 10, 100]), operand([], [2])],
      ([s, x, scales, outer]) => {
        const { states } = scan([s!], [x!, scales!], (_, [total], [row, scale]) => {
          const inner = scan([total!], [row!], (__, [sub], [cell]) => ({
            states: [add(sub!, mul(mul(cell!, scale!), outer!))],
            collected: [],
          }));
          return { states: inner.states, collected: [] };
        });
        return states;
      },
    );
    const want = [1, 10, 100].reduce(
      (total, scale, i) => total + 2 * scale * sum(grid.values.slice(4 * i, 4 * i + 4)),
      0,
    );
    expect(y!.values[0]).toBeCloseTo(want, 10);
  });

  test('gives back a state and an outer value unchanged', async () => {
    const [same, swapped, constant] = await evaluate([start, operand([2], [8, 9]), steps], ([a, b, x]) => {
      const { states, collected } = scan([a!, b!], [x!], (_, [p, q]) => ({ states: [q!, p!], collected: [b!] }));
      return [...states, ...collected];
    });
    expect([same!.values, swapped!.values]).toEqual([
      [8, 9],
      [1, 2],
    ]);
    expect(constant!.values).toEqual([8, 9, 8, 9, 8, 9]);
  });
});

describe('gradients inside a body', () => {
  const [w, x] = [uniform('w', [2, 3]), uniform('x', [4, 5, 3])];

  /** Σ over the steps of d/dw Σ(x·wᵀ)², taken inside the body: one factor reads w there, the other `through(w)`, which lies outside. */
  async function summed(through: (w: Value) => Value): Promise<number[]> {
    const [total] = await evaluate([w, x, zeros([2, 3])], ([weight, batches, zero]) => {
      const { states } = scan([zero!], [batches!], (_, [sums], [batch]) => {
        const y = matmul(batch!, through(weight!));
        const inside = matmul(batch!, weight!, { transB: true });
        const [g] = gradients(reduceSum(mul(y, inside)), [weight!]);
        return { states: [add(sums!, g!)], collected: [] };
      });
      return states;
    });
    return [...total!.values];
  }

  const flat = operand([20, 3], x.values);
  const transposed = operand(
    [3, 2],
    [0, 3, 1, 4, 2, 5].map((i) => w.values[i]!),
  );
  const y = product(flat, transposed);
  const direct = product(
    operand(
      [2, 20],
      [0, 1].flatMap((c) => Array.from({ length: 20 }, (_, r) => 2 * y.values[2 * r + c]!)),
    ),
    flat,
  );

  test('reach a value outside through an op on it alone, which stands outside too', async () => {
    const got = await summed((v) => transpose(v, [1, 0]));
    got.forEach((value, i) => expect(value).toBeCloseTo(direct.values[i]!, 10));
  });

  test('add up over all ways from a value outside', async () => {
    // Both addends are w itself.
    const got = await summed((v) => transpose(mul(add(v, v), v.graph.scalar(0.5)), [1, 0]));
    got.forEach((value, i) => expect(value).toBeCloseTo(direct.values[i]!, 10));
  });
});

describe('mistakes', () => {
  const graph = new Graph();
  const [s, x] = [graph.floatInput('s', [2]), graph.floatInput('x', [3, 2])];

  test('a state that changes its shape', () => {
    const build = () => scan([s], [x], (_, [state]) => ({ states: [reduceSum(state!)], collected: [] }));
    expect(build).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: 'scan: state 0 (s) turns from [2] into []' }),
    );
  });

  test('a state too few', () => {
    const build = () => scan([s, s], [x], (_, [state]) => ({ states: [state!], collected: [] }));
    expect(build).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('1 states instead of 2') }),
    );
  });

  test('sequences of different lengths', () => {
    const build = () =>
      scan([s], [x, graph.floatInput('y', [4])], (_, [state]) => ({ states: [state!], collected: [] }));
    expect(build).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('x [3, 2], y [4]') }),
    );
  });

  test('no sequence to loop over', () => {
    const build = () => scan([s], [], (_, [state]) => ({ states: [state!], collected: [] }));
    expect(build).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('at least one sequence') }),
    );
  });

  test('a gradient through a loop', () => {
    const { states } = scan([s], [x], (_, [state], [slice]) => ({ states: [mul(state!, slice!)], collected: [] }));
    expect(() => gradients(reduceSum(states[0]!), [s])).toThrow('scan has no gradient rule');
  });

  test('a gradient through a loop that only captures the value', () => {
    const p = graph.floatInput('p', [2]);
    const { states } = scan([s], [x], (_, [state], [slice]) => ({
      states: [add(state!, mul(p, slice!))],
      collected: [],
    }));
    expect(() => gradients(reduceSum(states[0]!), [p])).toThrow('scan has no gradient rule');
  });
});
