import { expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { type Operand, integers, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { concat } from './concat.js';

/** Joined along the axis by looking up, for every index, the part it falls into. */
function joined(parts: readonly Operand[], axis: number): Operand {
  const shape = parts[0]!.shape.map((d, i) => (i === axis ? parts.reduce((n, p) => n + p.shape[axis]!, 0) : d));
  return tabulate(shape, (index) => {
    let i = index[axis]!;
    const part = parts.find((p) => i < p.shape[axis]! || ((i -= p.shape[axis]!), false))!;
    return at(
      part,
      index.map((v, a) => (a === axis ? i : v)),
    );
  });
}

const cases = [0, 1, 2].map((axis) => {
  const parts = [3, 2, 4].map((n) =>
    uniform(
      `concat ${axis} ${n}`,
      [2, 3, 2].map((d, i) => (i === axis ? n : d)),
    ),
  );
  return {
    title: `three parts along axis ${axis}`,
    operands: parts,
    build: (v: Parameters<typeof concat>[0]) => concat(v, axis),
    expected: joined(parts, axis),
  };
});
const x = uniform('concat', [2, 3]);

describeOp('concat', [
  ...cases,
  { title: 'a value with itself', operands: [x], build: ([v]) => concat([v!, v!], 0), expected: joined([x, x], 0) },
  { title: 'one value alone', operands: [x], build: (v) => concat(v, 1), expected: x },
]);

test('adds symbols up', () => {
  const graph = new Graph();
  const [past, fresh] = ['past', 'sequence'].map((d) => graph.floatInput(d, [1, d, 4])) as [never, never];
  expect(concat([past, fresh], 1).shape).toEqual([1, 'past+sequence', 4]);
});

describeMistakes('concat', [
  {
    title: 'parts that differ elsewhere',
    operands: [x, uniform('c', [2, 4])],
    build: (v) => concat(v, 0),
    message: /inputs differ outside axis 0.*x1: float32\[2, 4\]/,
  },
  { title: 'two types', operands: [x, integers('c', [2, 3], 5)], build: (v) => concat(v, 0), message: /inputs differ/ },
  {
    title: 'an axis beyond the rank',
    operands: [x, x],
    build: (v) => concat(v, 2),
    message: /axis 2 is outside rank 2/,
  },
]);

test('refuses to join nothing', () => {
  expect(() => concat([], 0)).toThrow(
    expect.objectContaining({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('concat: needs at least one value'),
    }),
  );
});
