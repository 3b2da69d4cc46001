import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { uniform } from '../testing/operand.js';
import { permute } from '../testing/plain.js';
import { transpose } from './transpose.js';

const x = uniform('transpose', [2, 3, 4]);
const orders = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [2, 1, 0],
  [1, 2, 0],
  [2, 0, 1],
];

describeOp(
  'transpose',
  orders.map((order) => ({
    title: `order [${order.join(', ')}]`,
    operands: [x],
    build: ([v]) => transpose(v!, order),
    expected: permute(x, order),
  })),
);

describeMistakes('transpose', [
  {
    title: 'too few axes',
    operands: [x],
    build: ([v]) => transpose(v!, [1, 0]),
    message: /\[1, 0\] is not an order of 3 axes/,
  },
  {
    title: 'an axis twice',
    operands: [x],
    build: ([v]) => transpose(v!, [0, 0, 1]),
    message: /is not an order of 3 axes/,
  },
  {
    title: 'an axis beyond the rank',
    operands: [x],
    build: ([v]) => transpose(v!, [0, 1, 3]),
    message: /is not an order of 3 axes/,
  },
]);
