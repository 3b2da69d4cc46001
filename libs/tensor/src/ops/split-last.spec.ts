import { expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { Session } from '../session/session.js';
import { describeMistakes } from '../testing/describe-op.js';
import { uniform } from '../testing/operand.js';
import { splitLast } from './split-last.js';

test('one graph cuts in different places', async () => {
  const graph = new Graph();
  const x = graph.floatInput('x', [2, 'a+b']);
  const [left, right] = splitLast(x, graph.input('lengths', 'int64', [2]), ['a', 'b']);
  expect([left!.shape, right!.shape]).toEqual([
    [2, 'a'],
    [2, 'b'],
  ]);
  const session = await Session.of(graph, { left: left!, right: right! });
  const data = Float32Array.from({ length: 10 }, (_, i) => i);
  for (const a of [1, 2, 4]) {
    const lengths = { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(a), BigInt(5 - a)) } as const;
    const got = await session.run({ x: { dtype: 'float32', shape: [2, 5], data }, lengths });
    const part = (from: number, to: number) =>
      [0, 1].flatMap((row) => [...data.subarray(5 * row + from, 5 * row + to)]);
    expect([...got['left']!.data]).toEqual(part(0, a));
    expect([...got['right']!.data]).toEqual(part(a, 5));
  }
  await session.release();
});

const x = uniform('x', [2, 5]);
describeMistakes('splitLast', [
  {
    title: 'a length too few',
    operands: [x],
    build: ([v]) => splitLast(v!, v!.graph.constant('int64', [1], [5]), ['a', 'b']),
    message: /lengths are int64 \[2\], not int64\[1\]/,
  },
  {
    title: 'lengths of another type',
    operands: [x],
    build: ([v]) => splitLast(v!, v!.graph.constant('int32', [2], [2, 3]), ['a', 'b']),
    message: /not int32\[2\]/,
  },
]);
