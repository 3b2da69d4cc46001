import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { integers, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { pick, spread } from './pick.js';

const x = uniform('pick', [2, 3, 5]);
const ids = integers('pick', [2, 3], 5);
const narrow = integers('pick', [2, 3], 5, 'int32');
const y = uniform('spread', [2, 3]);
const picked = tabulate([2, 3], (i) => at(x, [...i, at(ids, i)]));

describeOp('pick', [
  { title: 'one element of every row', operands: [x, ids], build: ([v, i]) => pick(v!, i!), expected: picked },
  { title: 'by int32 indices', operands: [x, narrow], build: ([v, i]) => pick(v!, i!), expected: picked },
  {
    title: 'one element of a vector',
    operands: [uniform('pick', [5]), integers('pick one', [], 5)],
    build: ([v, i]) => pick(v!, i!),
    expected: tabulate([], () => at(uniform('pick', [5]), [at(integers('pick one', [], 5), [])])),
  },
]);

describeOp('spread', [
  {
    title: 'one element of every row, zero elsewhere',
    operands: [y, ids],
    build: ([v, i]) => spread(v!, i!, 5),
    expected: tabulate([2, 3, 5], ([a, b, c]) => (at(ids, [a!, b!]) === c ? at(y, [a!, b!]) : 0)),
  },
]);

describeMistakes('pick', [
  {
    title: 'float indices',
    operands: [x, y],
    build: ([v, i]) => pick(v!, i!),
    message: /indices are integers, not float32/,
  },
  {
    title: 'one index too few per row',
    operands: [x, integers('pick', [2], 5)],
    build: ([v, i]) => pick(v!, i!),
    message: /indices \[2\] do not fit \[2, 3, 5\]/,
  },
  {
    title: 'a table of integers',
    operands: [ids, integers('pick', [2], 3)],
    build: ([v, i]) => pick(v!, i!),
    message: /needs floats/,
  },
]);
describeMistakes('spread', [
  {
    title: 'indices of another shape',
    operands: [y, integers('spread', [3], 5)],
    build: ([v, i]) => spread(v!, i!, 5),
    message: /indices \[3\] do not fit \[2, 3\]/,
  },
  {
    title: 'float indices',
    operands: [y, y],
    build: ([v, i]) => spread(v!, i!, 5),
    message: /indices are integers, not float32/,
  },
]);
