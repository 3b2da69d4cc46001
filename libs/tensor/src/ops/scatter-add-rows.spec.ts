import { expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { Session } from '../session/session.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { type Operand, integers, uniform } from '../testing/operand.js';
import { at, indices, sum, tabulate } from '../testing/plain.js';
import { scatterAddRows } from './scatter-add-rows.js';

function scattered(rows: Operand, ids: Operand, shape: readonly number[]): Operand {
  const places = indices(ids.shape);
  return tabulate(shape, ([row, ...rest]) =>
    sum(places.filter((i) => at(ids, i) === row).map((i) => at(rows, [...i, ...rest]))),
  );
}

const use = (title: string, rows: Operand, ids: Operand, shape: readonly number[]) => ({
  title,
  operands: [rows, ids],
  build: ([r, i]: Parameters<typeof scatterAddRows>[0][]) => scatterAddRows(r!, i!, shape),
  expected: scattered(rows, ids, shape),
});
const rows = uniform('scatter', [2, 5, 3]);
const ids = integers('scatter', [2, 5], 4);

describeOp('scatterAddRows', [
  use('rows that repeat add up', rows, ids, [4, 3]),
  use('int32 ids, and rows nobody names', rows, integers('scatter', [2, 5], 4, 'int32'), [9, 3]),
  use('into a vector', uniform('scatter', [6]), integers('scatter', [6], 4), [4]),
]);

test.each([1, 2, 4])('loses no sum on %i threads, though most rows go to one place', async (threads) => {
  const [count, width, places] = [1536, 256, 272];
  const graph = new Graph();
  const table = scatterAddRows(graph.input('rows', 'float32', [count, width]), graph.input('ids', 'int64', [count]), [
    places,
    width,
  ]);
  const session = await Session.of(graph, { table }, { threads });
  const rows = { dtype: 'float32', shape: [count, width], data: new Float32Array(count * width).fill(1) } as const;
  const ids = { dtype: 'int64', shape: [count], data: new BigInt64Array(count).fill(5n) } as const;
  try {
    for (let round = 0; round < 5; round++) {
      const { data } = (await session.run({ rows, ids }))['table']!;
      expect(new Set((data as Float32Array).subarray(5 * width, 6 * width))).toEqual(new Set([count]));
    }
  } finally {
    await session.release();
  }
});

describeMistakes('scatterAddRows', [
  {
    title: 'rows of another width',
    operands: [rows, ids],
    build: ([r, i]) => scatterAddRows(r!, i!, [4, 2]),
    message: /rows \[2, 5, 3\] do not fit a table \[4, 2\]/,
  },
  {
    title: 'another number of ids',
    operands: [rows, integers('scatter', [5], 4)],
    build: ([r, i]) => scatterAddRows(r!, i!, [4, 3]),
    message: /do not fit/,
  },
  {
    title: 'float indices',
    operands: [rows, uniform('scatter', [2, 5])],
    build: ([r, i]) => scatterAddRows(r!, i!, [4, 3]),
    message: /indices are integers, not float32/,
  },
]);
