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

    const cut = (x: Operand, from: number, length: number) =>
      tabulate([batch, kvHeads, length, head], ([b, h, t, d]) => at(x, [b!, h!, from + t!, d!]));
    const graph = new Graph();
    const input = (name: string, count: number, time: string) => graph.floatInput(name, ['batch', count, time, head]);
    const y = cachedAttention({
      q: input('q', heads, 'queries'),
      k: input('k', kvHeads, 'queries'),
      v: input('v', kvHeads, 'queries'),
      pastK: input('pastK', kvHeads, 'past'),
      pastV: input('pastV', kvHeads, 'past'),
      mask: graph.floatInput('mask', ['batch', 1, 'queries', 'past+queries']),
      lengths: graph.input('lengths', 'int64', [2]),
    });
    expect(y.shape).toEqual(['batch', heads, 'queries', head]);
    const operands = {
      ...{ q, k: cut(k, past, queries), v: cut(v, past, queries) },
      ...{ pastK: cut(k, 0, past), pastV: cut(v, 0, past), mask },
    };
    const feeds = Object.entries(operands).map(([name, { shape, values }]) => {
      return [name, { dtype: 'float32' as const, shape, data: Float32Array.from(values) }];
    });
    const lengths = { dtype: 'int64', shape: [2], data: BigInt64Array.of(BigInt(past), BigInt(queries)) } as const;
    const session = await Session.of(graph, { y });
    const got = (await session.run({ ...Object.fromEntries(feeds), lengths }))['y']!;
    await session.release();
    expect(got.shape).toEqual([batch, heads, queries, head]);
    whole.values.forEach((x, i) => expect(Number(got.data[i])).toBeCloseTo(x, 6));
  });
});

const SHAPES = [...Array.from({ length: 3 }, () => [1, 2, 3, 4]), [1, 2, 5, 4], [1, 2, 5, 4], [1, 1, 3, 8]];
/** Operands that fit, but for the one at `index`. */
const wrong = (index: number, shape: readonly number[]) => SHAPES.map((s, i) => uniform('x', i === index ? shape : s));
const all = ([q, k, v, pastK, pastV, mask]: Value[]) =>
  cachedAttention({
    ...{ q: q!, k: k!, v: v!, pastK: pastK!, pastV: pastV!, mask: mask! },
    lengths: q!.graph.constant('int64', [2], [5, 3]),
  });

describeMistakes('cachedAttention', [
  {
    title: 'heads that do not divide',
    operands: wrong(0, [1, 3, 3, 4]),
    build: all,
    message: /3 heads are no multiple/,
  },
  { title: 'a past of rank 3', operands: wrong(4, [2, 5, 4]), build: all, message: /pastV is .*, not \[2, 5, 4\]/ },
]);

test.each([
  {
    title: 'a past of another head width',
    index: 3,
    shape: [1, 2, 5, 6],
    message: /matmul.*\[1, 2, 3, 4\] times \[1, 2, 5, 6\]/,
  },
  { title: 'a mask of another length', index: 5, shape: [1, 1, 3, 5], message: /add: .*do not broadcast/ },
])('names the node of $title', ({ index, shape, message }) => {
  const graph = new Graph();
  const values = SHAPES.map((s, i) => graph.floatInput(`x${i}`, i === index ? shape : s));
  expect(() => all(values)).toThrow(message);
});
