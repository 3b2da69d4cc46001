import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { integers, uniform } from '../testing/operand.js';
import { zip } from '../testing/plain.js';
import { swiglu } from './swiglu.js';

const reference = (gate: number, up: number): number => (gate / (1 + Math.exp(-gate))) * up;

const cases = [[], [5], [2, 3], [2, 3, 4]].map((shape) => {
  const [gate, up] = [uniform(`gate ${shape.join()}`, shape, [-4, 4]), uniform(`up ${shape.join()}`, shape)];
  return {
    title: `[${shape.join(', ')}]`,
    operands: [gate, up],
    build: ([g, u]: Parameters<typeof swiglu>[0][]) => swiglu(g!, u!),
    expected: zip(gate, up, reference),
  };
});
const x = uniform('swiglu', [2, 3]);

describeOp('swiglu', [
  ...cases,
  { title: 'a value with itself', operands: [x], build: ([v]) => swiglu(v!, v!), expected: zip(x, x, reference) },
]);

describeMistakes('swiglu', [
  {
    title: 'two shapes',
    operands: [x, uniform('up', [3])],
    build: ([g, u]) => swiglu(g!, u!),
    message: /gate and up differ in shape.*x1: float32\[3\]/,
  },
  {
    title: 'two types',
    operands: [x, { ...x, dtype: 'float64' }],
    build: ([g, u]) => swiglu(g!, u!),
    message: /mixes float32 and float64/,
  },
  {
    title: 'integers',
    operands: [integers('i', [3], 5), integers('j', [3], 5)],
    build: ([g, u]) => swiglu(g!, u!),
    message: /needs floats/,
  },
]);
