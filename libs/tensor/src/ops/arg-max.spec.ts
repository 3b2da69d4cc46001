import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { operand, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { argMax } from './arg-max.js';
import { cast } from './cast.js';

const x = uniform('argMax', [3, 4, 7]);
const largest = tabulate([3, 4], (index) => {
  const row = Array.from({ length: 7 }, (_, i) => at(x, [...index, i]));
  return row.indexOf(Math.max(...row));
});

describeOp('argMax', [
  { title: 'rows of 7', operands: [x], build: ([v]) => argMax(v!), expected: largest, differentiable: false },
  {
    title: 'the first of equals',
    operands: [operand([2, 3], [1, 5, 5, -2, -2, -2])],
    build: ([v]) => argMax(v!),
    expected: operand([2], [1, 0]),
    differentiable: false,
  },
]);

describeMistakes('argMax', [
  { title: 'integers', operands: [x], build: ([v]) => argMax(cast(v!, 'int32')), message: /needs floats, not int32/ },
]);
