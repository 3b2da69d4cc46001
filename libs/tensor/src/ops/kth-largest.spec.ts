import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { operand, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { cast } from './cast.js';
import { kthLargest } from './kth-largest.js';

const x = uniform('kthLargest', [3, 4, 7]);
const sorted = (index: readonly number[]) =>
  Array.from({ length: 7 }, (_, i) => at(x, [...index, i])).sort((a, b) => b - a);
const expected = (k: number) => tabulate([3, 4, 1], ([i, j]) => sorted([i!, j!])[k - 1]!);

describeOp('kthLargest', [
  ...[1, 3, 7].map((k) => ({
    ...{ title: `k ${k} of 7`, operands: [x], expected: expected(k), differentiable: false as const },
    build: ([v]: Parameters<typeof kthLargest>[0][]) => kthLargest(v!, k),
  })),
  {
    title: 'equals, each counted',
    operands: [operand([2, 4], [1, 5, 5, 2, -2, -2, -2, -2])],
    build: ([v]) => kthLargest(v!, 2),
    expected: operand([2, 1], [5, -2]),
    differentiable: false,
  },
]);

describeMistakes('kthLargest', [
  {
    title: 'integers',
    operands: [x],
    build: ([v]) => kthLargest(cast(v!, 'int32'), 1),
    message: /needs floats, not int32/,
  },
  {
    title: 'more than there are',
    operands: [x],
    build: ([v]) => kthLargest(v!, 8),
    message: /k is 8, of a last axis of 7/,
  },
  { title: 'none', operands: [x], build: ([v]) => kthLargest(v!, 0), message: /k is 0/ },
]);
