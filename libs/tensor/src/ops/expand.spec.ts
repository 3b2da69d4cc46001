import { expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { expand } from './expand.js';

const cases = [
  [[], [2, 3]],
  [[3], [2, 3]],
  [
    [2, 1, 3],
    [2, 4, 3],
  ],
  [
    [1, 1],
    [2, 5],
  ],
  [
    [2, 3],
    [2, 3],
  ],
].map(([from, to]) => {
  const x = uniform(`expand ${from!.join()}`, from!);
  return {
    title: `[${from!.join(', ')}] to [${to!.join(', ')}]`,
    operands: [x],
    build: ([v]: Parameters<typeof expand>[0][]) => expand(v!, to!),
    expected: tabulate(to!, (index) => at(x, index)),
  };
});

describeOp('expand', cases);

test('to the shape it has is nothing', () => {
  const x = new Graph().floatInput('x', [2]);
  expect(expand(x, [2])).toBe(x);
});

describeMistakes('expand', [
  {
    title: 'a shape that is smaller',
    operands: [uniform('e', [2, 3])],
    build: ([v]) => expand(v!, [1, 3]),
    message: /\[2, 3\] does not broadcast to \[1, 3\]/,
  },
  {
    title: 'a shape that does not fit',
    operands: [uniform('e', [2, 3])],
    build: ([v]) => expand(v!, [3, 3]),
    message: /does not broadcast to \[3, 3\]/,
  },
  {
    title: 'a symbolic shape',
    operands: [uniform('e', [1, 3])],
    build: ([v]) => expand(v!, ['batch', 3]),
    message: /\[batch, 3\] is not known/,
  },
]);
