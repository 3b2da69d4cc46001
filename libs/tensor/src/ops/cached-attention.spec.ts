import { describe, expect, test } from '@jest/globals';
import { Graph, type Value } from '../ir/graph.js';
import { Session } from '../session/session.js';
import { describeMistakes } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { type Operand, uniform } from '../testing/operand.js';
import { at, tabulate } from '../testing/plain.js';
import { attention } from './attention.js';
import { cachedAttention } from './cached-attention.js';

const build = ([q, k, v, mask]: Value[]) => attention({ q: q!, k: k!, v: v!, mask: mask! });

describe.each([
  { name: 'as many key heads as query heads', batch: 2, heads: 2, kvHeads: 2, queries: 3, past: 4 },
  { name: 'grouped heads', batch: 2, heads: 4, kvHeads: 2, queries: 3, past: 1 },
  { name: 'one key head, one query', batch: 1, heads: 3, kvHeads: 1, queries: 1, past: 5 },
])('$name', ({ batch, heads, kvHeads, queries, past }) => {
  test('is attention over past and new keys together', async () => {
    const head = 4;
    const keys = past + queries;
    const q = uniform('q', [batch, heads, queries, head]);
    const [k, v] = ['k', 'v'].map((label) => uniform(label, [batch, kvHeads, keys, head])) as [Operand, Operand];
    const mask = uniform('mask', [batch, 1, queries, keys]);
    const [whole] = (await evaluate([q, k, v, mask], build, 'float32')) as [Operand];

    const early = (x: Operand) => tabulate([past, batch, kvHeads, head], ([t, b, h, d]) => at(x, [b!, h!, t!, d!]));
    const late = (x: Operand) =>
      tabulate([batch, kvHeads, queries, head], ([b, h, t, d]) => at(x, [b!, h!, past + t!, d!]));
    const graph = new Graph();
    const now = (name: string, count: number) => graph.floatInput(name, ['batch', count, 'queries', head]);
    const before = (name: string) => graph.floatInput(name, ['past', 'batch', kvHeads, head]);
    const y = cachedAttention({
      q: now('q', heads),
      k: now('k', kvHeads),
      v: now('v', kvHeads),
      pastK: before('pastK'),
      pastV: before('pastV'),
      mask: graph.floatInput('mask', ['batch', 1, 'queries', 'all']),
      lengths: graph.input('lengths', 'int64', [2]),
    });
    const session = await Session.of(graph, { y });
    const float = ({ shape, values }: Operand) => ({
      dtype: 'float32' as const,
      shape,
      data: Float32Array.from(values),
    });
    const got = await session.run({
      ...{ q: float(q), k: float(late(k)), v: float(late(v)), pastK: float(early(k)), pastV: float(early(v)) },
      mask: float(mask),
      lengths: { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(past), BigInt(queries)) },
    });
    await session.release();
    expect(got['y']!.shape).toEqual([batch, heads, queries, head]);
    whole.values.forEach((x, i) => expect(Number(got['y']!.data[i])).toBeCloseTo(x, 6));
  });
});

/** Operands that fit, but for the one at `index`. */
const wrong = (index: number, operand: Operand) =>
  [
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [1, 2, 3, 4],
    [5, 1, 2, 4],
    [5, 1, 2, 4],
    [1, 1, 3, 8],
  ].map((shape, i) => (i === index ? operand : uniform('x', shape)));
const all = ([q, k, v, pastK, pastV, mask]: Value[]) =>
  cachedAttention({
    ...{ q: q!, k: k!, v: v!, pastK: pastK!, pastV: pastV!, mask: mask! },
    lengths: q!.graph.constant('int64', [2], [5, 3]),
  });

describeMistakes('cachedAttention', [
  {
    title: 'heads that do not divide',
    operands: wrong(0, uniform('x', [1, 3, 3, 4])),
    build: all,
    message: /3 heads are no multiple of 2/,
  },
  {
    title: 'values of another length',
    operands: wrong(2, uniform('x', [1, 2, 4, 4])),
    build: all,
    message: /\[1, 2, 4, 4\] does not fit q/,
  },
  {
    title: 'a past of other heads',
    operands: wrong(4, uniform('x', [5, 1, 3, 4])),
    build: all,
    message: /past \[5, 1, 3, 4\] does not fit q/,
  },
  {
    title: 'a mask of rank 2',
    operands: wrong(5, uniform('x', [3, 8])),
    build: all,
    message: /needs rank 4, not \[3, 8\]/,
  },
  {
    title: 'lengths of three',
    operands: wrong(-1, uniform('x', [1])),
    build: (x) =>
      cachedAttention({
        q: x[0]!,
        k: x[1]!,
        v: x[2]!,
        pastK: x[3]!,
        pastV: x[4]!,
        mask: x[5]!,
        lengths: x[0]!.graph.constant('int64', [3], [5, 3, 1]),
      }),
    message: /lengths are int64 \[2\]/,
  },
]);
