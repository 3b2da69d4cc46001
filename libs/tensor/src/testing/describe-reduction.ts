import { expect, test } from '@jest/globals';
import { Graph, type Value } from '../ir/graph.js';
import { describeMistakes, describeOp } from './describe-op.js';
import { integers, uniform } from './operand.js';
import { reduce } from './plain.js';

type Reduction = (x: Value, axes?: readonly number[], keepDims?: boolean) => Value;

/** All tests of a reduction over axes. */
export function describeReduction(name: string, op: Reduction, reference: (group: number[]) => number): void {
  const x = uniform(name, [2, 3, 4]);
  const over = (axes: readonly number[], keepDims: boolean) => ({
    title: `over [${axes.join(', ')}]${keepDims ? ', kept as 1' : ''}`,
    operands: [x],
    build: ([v]: Value[]) => op(v!, axes, keepDims),
    expected: reduce(x, axes, keepDims, reference),
  });
  const axes = [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]];
  describeOp(name, [
    ...axes.flatMap((a) => [over(a, false), over(a, true)]),
    {
      title: 'over everything by default',
      operands: [x],
      build: ([v]) => op(v!),
      expected: reduce(x, [0, 1, 2], false, reference),
    },
  ]);
  test('keeps the symbolic dimensions it does not reduce', () => {
    expect(op(new Graph().floatInput('x', ['batch', 3]), [1]).shape).toEqual(['batch']);
  });
  describeMistakes(name, [
    {
      title: 'an axis beyond the rank',
      operands: [x],
      build: ([v]) => op(v!, [3]),
      message: /axis 3 is outside rank 3.*x0: float32\[2, 3, 4\]/,
    },
    { title: 'a negative axis', operands: [x], build: ([v]) => op(v!, [-1]), message: /axis -1 is outside rank 3/ },
    { title: 'integers', operands: [integers(name, [3], 5)], build: ([v]) => op(v!), message: /needs floats/ },
  ]);
}
