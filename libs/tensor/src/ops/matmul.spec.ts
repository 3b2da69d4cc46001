import { describe, expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { type Operand, integers, uniform } from '../testing/operand.js';
import { map, permute, product } from '../testing/plain.js';
import { type MatMulOptions, matmul } from './matmul.js';

type Sizes = readonly [a: readonly number[], b: readonly number[]];

/** Plain, batched, broadcast on either side, and matrices of one row or column. */
const SHAPES: readonly Sizes[] = [
  [
    [2, 3],
    [3, 4],
  ],
  [
    [1, 3],
    [3, 1],
  ],
  [
    [2, 5, 3],
    [3, 4],
  ],
  [
    [2, 2, 5, 3],
    [3, 4],
  ],
  [
    [2, 5, 3],
    [2, 3, 4],
  ],
  [
    [2, 3],
    [4, 3, 2],
  ],
  [
    [3, 1, 2, 3],
    [2, 3, 2],
  ],
];
const OPTIONS: readonly MatMulOptions[] = [
  {},
  { transA: true },
  { transB: true },
  { transA: true, transB: true },
  { alpha: -0.75 },
  { transA: true, transB: true, alpha: 0.5 },
];

function swapped(x: Operand): Operand {
  const order = x.shape.map((_, i) => i);
  return permute(x, [...order.slice(0, -2), order.at(-1)!, order.at(-2)!]);
}

describe.each(OPTIONS)('with %j', (options) => {
  const { transA = false, transB = false, alpha = 1 } = options;
  const cases = SHAPES.map(([s, t]) => {
    const [a, b] = [uniform(`a ${s.join()}`, s), uniform(`b ${t.join()}`, t)];
    return {
      title: `[${s.join(', ')}] · [${t.join(', ')}]`,
      // What is taken transposed is handed over transposed, so that the product stays the same.
      operands: [transA ? swapped(a) : a, transB ? swapped(b) : b],
      build: ([x, y]: Parameters<typeof matmul>[0][]) => matmul(x!, y!, options),
      expected: map(product(a, b), (v) => alpha * v),
    };
  });
  const x = uniform('square', [2, 3, 3]);
  const square = {
    title: 'a value with itself',
    operands: [x],
    build: ([v]: Parameters<typeof matmul>[0][]) => matmul(v!, v!, options),
    expected: map(product(transA ? swapped(x) : x, transB ? swapped(x) : x), (v) => alpha * v),
  };
  describeOp('matmul', [...cases, square]);
});

test('keeps symbolic rows and batches', () => {
  const graph = new Graph();
  const x = graph.floatInput('x', ['batch', 'sequence', 8]);
  expect(matmul(x, graph.floatInput('w', [5, 8]), { transB: true }).shape).toEqual(['batch', 'sequence', 5]);
});

const [a, b] = [uniform('a', [2, 3]), uniform('b', [2, 3])];
describeMistakes('matmul', [
  {
    title: 'inner sizes that differ',
    operands: [a, b],
    build: ([x, y]) => matmul(x!, y!),
    message: /\[2, 3\] times \[2, 3\] \(/,
  },
  {
    title: 'inner sizes that differ once transposed',
    operands: [a, uniform('c', [3, 2])],
    build: ([x, y]) => matmul(x!, y!, { transA: true }),
    message: /\[2, 3\] transposed times \[3, 2\]/,
  },
  {
    title: 'batches that do not broadcast',
    operands: [uniform('d', [2, 3, 3]), uniform('e', [4, 3, 3])],
    build: ([x, y]) => matmul(x!, y!),
    message: /\[2, 3, 3\] times \[4, 3, 3\]/,
  },
  { title: 'vectors', operands: [a, uniform('f', [3])], build: ([x, y]) => matmul(x!, y!), message: /needs matrices/ },
  {
    title: 'integers',
    operands: [integers('g', [2, 2], 5), integers('h', [2, 2], 5)],
    build: ([x, y]) => matmul(x!, y!),
    message: /needs floats/,
  },
]);
