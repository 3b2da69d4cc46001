import { describe, expect, test } from '@jest/globals';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { autodiff } from '../testing/gradcheck.js';
import { type Operand, integers, uniform } from '../testing/operand.js';
import { at, map, sum, tabulate } from '../testing/plain.js';
import { rotary } from './rotary.js';

const [BATCH, HEADS, LENGTH, HEAD, POSITIONS] = [2, 3, 4, 6, 32];
const angles = tabulate([POSITIONS, HEAD / 2], ([p, i]) => p! * 100 ** ((-2 * i!) / HEAD));
const cos = map(angles, Math.cos);
const sin = map(angles, Math.sin);
const x = uniform('rotary', [BATCH, HEADS, LENGTH, HEAD]);
const positions = integers('positions', [BATCH, LENGTH], POSITIONS);
const build = ([v, p, c, s]: Parameters<typeof rotary>) => rotary(v, p, c, s);

/** Element i and i + head/2 as a complex number times e^(angle · i). */
function turned(v: Operand, p: Operand): Operand {
  const half = HEAD / 2;
  return tabulate(v.shape, ([b, h, t, i]) => {
    const angle = at(angles, [at(p, [b!, t!]), i! % half]);
    const [re, im] = [at(v, [b!, h!, t!, i! % half]), at(v, [b!, h!, t!, (i! % half) + half])];
    return i! < half ? re * Math.cos(angle) - im * Math.sin(angle) : re * Math.sin(angle) + im * Math.cos(angle);
  });
}

describe.each([1, HEADS])('%d heads', (heads) => {
  const some = uniform(`rotary ${heads}`, [BATCH, heads, LENGTH, HEAD]);
  // The tables are constants of the model: they have no gradient, so they go in as constants.
  const withTables = ([v, p]: Parameters<typeof rotary>) => {
    const [c, s] = [cos, sin].map((t) => v.graph.constant(v.graph.float, t.shape, t.values));
    return rotary(v, p, c!, s!);
  };
  describeOp('rotary', [
    {
      title: 'any positions',
      operands: [some, positions],
      build: (v) => withTables(v as never),
      expected: turned(some, positions),
    },
  ]);
});

test('the product of two rotated vectors depends on the distance of their positions only', async () => {
  const one = (label: string) => uniform(label, [1, 1, 1, HEAD]);
  const place = (p: number): Operand => ({ shape: [1, 1], values: [p], dtype: 'int64' });
  const score = async (m: number, n: number): Promise<number> => {
    const [q] = await evaluate([one('q'), place(m), cos, sin], (v) => build(v as never));
    const [k] = await evaluate([one('k'), place(n), cos, sin], (v) => build(v as never));
    return sum(q!.values.map((v, i) => v * k!.values[i]!));
  };
  const near = await score(3, 1);
  expect(await score(23, 21)).toBeCloseTo(near, 10);
  expect(Math.abs((await score(3, 2)) - near)).toBeGreaterThan(1e-3);
});

test('has no gradient for its tables, and says so instead of leaving it out', async () => {
  await expect(autodiff([x, positions, cos, sin], (v) => build(v as never))).rejects.toMatchObject({
    code: 'GRAPH_INVALID',
    message: expect.stringContaining('tables are constants'),
  });
});

describeMistakes('rotary', [
  {
    title: 'an input of rank 3',
    operands: [uniform('r', [2, 4, 6]), positions, cos, sin],
    build: (v) => build(v as never),
    message: /needs \[batch, heads, sequence, head\], not \[2, 4, 6\]/,
  },
  {
    title: 'positions of another type',
    operands: [x, { ...positions, dtype: 'int32' }, cos, sin],
    build: (v) => build(v as never),
    message: /positions are int64, not int32/,
  },
  {
    title: 'positions of another length',
    operands: [x, integers('p', [BATCH, LENGTH + 1], 8), cos, sin],
    build: (v) => build(v as never),
    message: /positions \[2, 5\] do not fit/,
  },
  {
    title: 'tables of another head size',
    operands: [x, positions, uniform('c', [POSITIONS, 4]), uniform('s', [POSITIONS, 4])],
    build: (v) => build(v as never),
    message: /tables \[32, 4\] and \[32, 4\] do not fit head 6/,
  },
  {
    title: 'cos and sin of two shapes',
    operands: [x, positions, cos, uniform('s', [8, HEAD / 2])],
    build: (v) => build(v as never),
    message: /tables/,
  },
]);
