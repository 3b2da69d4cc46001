import { expect, test } from '@jest/globals';
import { describeMistakes, describeOp, keepsSymbols } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { autodiff } from '../testing/gradcheck.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { map } from '../testing/plain.js';
import { clip } from './clip.js';

const wide = uniform('clip', [3, 4], [-3, 3]);

describeOp('clip', [
  {
    title: 'two bounds',
    operands: [wide],
    build: ([x]) => clip(x!, -1, 1.5),
    expected: map(wide, (v) => Math.min(1.5, Math.max(-1, v))),
  },
  {
    title: 'one bound',
    operands: [wide],
    build: ([x]) => clip(x!, 0.25, Infinity),
    expected: map(wide, (v) => Math.max(0.25, v)),
  },
]);
keepsSymbols((x) => clip(x, 0, 1));

describeMistakes('clip', [
  {
    title: 'bounds the wrong way round',
    operands: [wide],
    build: ([x]) => clip(x!, 2, 1),
    message: /needs low <= high, not 2 and 1/,
  },
  {
    title: 'a bound that is not a number',
    operands: [wide],
    build: ([x]) => clip(x!, NaN, 1),
    message: /needs low <= high/,
  },
  { title: 'integers', operands: [integers('clip', [3], 5)], build: ([x]) => clip(x!, 0, 1), message: /needs floats/ },
]);

test('bounds are inside: their value stays and their gradient passes', async () => {
  const x = operand([5], [-1.0001, -1, 0, 1, 1.0001]);
  const [y] = await evaluate([x], ([v]) => clip(v!, -1, 1));
  expect(y!.values).toEqual([-1, -1, 0, 1, 1]);
  const [whole] = await autodiff([x], ([v]) => clip(v!, -Infinity, Infinity));
  const [g] = await autodiff([x], ([v]) => clip(v!, -1, 1));
  expect(g!.values).toEqual(whole!.values.map((w, i) => (i === 0 || i === 4 ? 0 : w)));
});
