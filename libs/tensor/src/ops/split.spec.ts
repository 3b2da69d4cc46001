import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { split } from './split.js';

const x = uniform('split', [3, 6, 2]);
const whole = uniform('split whole', [3, 2]);

function parts(axis: number, lengths: readonly number[]) {
  return lengths.map((n, k) => {
    const start = lengths.slice(0, k).reduce((a, b) => a + b, 0);
    const shape = x.shape.map((d, i) => (i === axis ? n : d));
    return tabulate(shape, (index) =>
      at(
        x,
        index.map((v, i) => (i === axis ? v + start : v)),
      ),
    );
  });
}

const cut = (axis: number, lengths: readonly number[]) => ({
  title: `lengths [${lengths.join(', ')}] along axis ${axis}`,
  operands: [x],
  build: ([v]: Parameters<typeof split>[0][]) => split(v!, axis, lengths),
  expected: parts(axis, lengths),
});

describeOp('split', [
  cut(0, [1, 2]),
  cut(1, [1, 2, 3]),
  cut(2, [1, 1]),
  {
    title: 'only the middle part is used',
    operands: [x],
    build: ([v]) => split(v!, 1, [1, 2, 3])[1]!,
    expected: parts(1, [1, 2, 3])[1]!,
  },
  { title: 'one part is the whole', operands: [whole], build: ([v]) => split(v!, 0, [3]), expected: whole },
]);

describeMistakes('split', [
  {
    title: 'lengths that do not add up',
    operands: [x],
    build: ([v]) => split(v!, 1, [2, 3]),
    message: /lengths add up to 5 along axis 1.*x0: float32\[3, 6, 2\]/,
  },
  {
    title: 'one length that is not the whole',
    operands: [x],
    build: ([v]) => split(v!, 1, [5]),
    message: /lengths add up to 5 along axis 1/,
  },
  { title: 'a negative length', operands: [x], build: ([v]) => split(v!, 1, [-1, 7]), message: /length -1/ },
  { title: 'an axis beyond the rank', operands: [x], build: ([v]) => split(v!, 3, [1, 2]), message: /axis 3/ },
]);
