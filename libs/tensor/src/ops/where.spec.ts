import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { integers, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { where } from './where.js';

const choice = integers('where', [2, 1, 3], 2, 'bool');
const a = uniform('where a', [4, 3]);
const b = uniform('where b', [2, 4, 1]);
const same = integers('where same', [5], 2, 'bool');

describeOp('where', [
  {
    title: 'broadcasts all three',
    operands: [choice, a, b],
    build: ([c, x, y]) => where(c!, x!, y!),
    expected: tabulate([2, 4, 3], (i) => (at(choice, i) ? at(a, i) : at(b, i))),
  },
  {
    title: 'of a value with itself',
    operands: [same, uniform('where self', [5])],
    build: ([c, x]) => where(c!, x!, x!),
    expected: uniform('where self', [5]),
  },
]);

describeMistakes('where', [
  {
    title: 'a condition of floats',
    operands: [a, a, a],
    build: ([c, x, y]) => where(c!, x!, y!),
    message: /the condition is float32, not bool/,
  },
  {
    title: 'integers to choose from',
    operands: [same, integers('i', [5], 3), integers('j', [5], 3)],
    build: ([c, x, y]) => where(c!, x!, y!),
    message: /needs floats/,
  },
  {
    title: 'shapes that do not broadcast',
    operands: [same, a, b],
    build: ([c, x, y]) => where(c!, x!, y!),
    message: /do not broadcast/,
  },
]);
