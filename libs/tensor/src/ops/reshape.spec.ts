import { describe, expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { runOnce, tensorOf } from '../testing/evaluate.js';
import { uniform } from '../testing/operand.js';
import { reshape } from './reshape.js';

const x = uniform('reshape', [2, 3, 4]);
const to = (shape: readonly number[]) => ({
  title: `to [${shape.join(', ')}]`,
  operands: [x],
  build: ([v]: Parameters<typeof reshape>[0][]) => reshape(v!, shape),
  expected: { shape, values: x.values },
});

describeOp('reshape', [[24], [6, 4], [1, 2, 1, 12], [2, 3, 4]].map(to));

describe('with symbols', () => {
  const cases = [
    { from: ['batch', 'sequence', 8], shape: ['batch', 'sequence', 2, 4], want: [2, 3, 2, 4] },
    { from: ['batch', 'sequence', 8], shape: ['rows', 8], want: [6, 8] },
    { from: ['rows', 8], shape: [2, 'sequence', 8], want: [2, 3, 8] },
  ];
  test.each(cases)('$from to $shape', async ({ from, shape, want }) => {
    const graph = new Graph();
    const y = reshape(graph.floatInput('x', from), shape);
    expect(y.shape).toEqual(shape);
    const known = from.length === 3 ? [2, 3, 8] : [6, 8];
    const result = await runOnce(graph, { y }, { x: tensorOf(uniform('symbols', known), 'float32') });
    expect(result['y']!.shape).toEqual(want);
  });
});

describeMistakes('reshape', [
  {
    title: 'another number of elements',
    operands: [x],
    build: ([v]) => reshape(v!, [5, 5]),
    message: /24 elements do not fit \[5, 5\]/,
  },
  {
    title: 'two symbols that moved',
    operands: [x],
    build: ([v]) => reshape(v!, ['a', 'b', 4]),
    message: /more than one symbol moved in \[a, b, 4\]/,
  },
]);
