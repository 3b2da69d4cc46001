import { describe, expect, test } from '@jest/globals';
import { Graph, type Value } from '../ir/graph.js';
import { Session } from '../session/session.js';
import { describeMistakes, describeOp } from '../testing/describe-op.js';
import { evaluate } from '../testing/evaluate.js';
import { type Operand, uniform } from '../testing/operand.js';
import { at, sum, tabulate } from '../testing/plain.js';
import { attention } from './attention.js';

const MASKED = -1e9;
const build = ([q, k, v, mask]: Value[]) => attention({ q: q!, k: k!, v: v!, mask: mask! });
const causal = (queries: number, keys: number) =>
  tabulate([1, 1, queries, keys], ([, , i, j]) => (j! > i! + keys - queries ? MASKED : 0));

/** One query at a time, in plain loops; query head h reads key/value head floor(h · kvHeads / heads). */
function attended([q, k, v, mask]: readonly Operand[]): Operand {
  const [, heads, , head] = q!.shape as [number, number, number, number];
  const [, kvHeads, keys] = k!.shape as [number, number, number, number];
  return tabulate(q!.shape, ([b, h, i, d]) => {
    const shared = Math.floor((h! * kvHeads) / heads);
    const along = (n: number, f: (x: number) => number) => Array.from({ length: n }, (_, x) => f(x));
    const dot = (j: number) => sum(along(head, (e) => at(q!, [b!, h!, i!, e]) * at(k!, [b!, shared, j, e])));
    const weights = along(keys, (j) => Math.exp(dot(j) / Math.sqrt(head) + at(mask!, [b!, h!, i!, j])));
    return sum(along(keys, (j) => weights[j]! * at(v!, [b!, shared, j, d!]))) / sum(weights);
  });
}

describe.each([
  { name: 'one head', batch: 1, heads: 1, kvHeads: 1, queries: 3, keys: 3 },
  { name: 'as many key heads as query heads', batch: 2, heads: 2, kvHeads: 2, queries: 3, keys: 3 },
  { name: 'grouped heads', batch: 2, heads: 4, kvHeads: 2, queries: 3, keys: 3 },
  { name: 'one key head for all', batch: 1, heads: 3, kvHeads: 1, queries: 2, keys: 4 },
])('$name', ({ batch, heads, kvHeads, queries, keys }) => {
  const head = 4;
  const q = uniform('q', [batch, heads, queries, head]);
  const [k, v] = ['k', 'v'].map((label) => uniform(label, [batch, kvHeads, keys, head])) as [Operand, Operand];
  const soft = uniform('soft mask', [batch, 1, queries, keys]);
  // A mask is part of a graph, not of its parameters; the soft one shows that its gradient is right all the same.
  const masks = { causal: causal(queries, keys), soft };
  const cases = Object.entries(masks).map(([title, mask]) => {
    const operands = title === 'soft' ? [q, k, v, mask] : [q, k, v];
    const constant = (g: Graph) => g.constant(g.float, mask.shape, mask.values);
    return {
      title: `${title} mask`,
      operands,
      build: (x: Value[]) => build(title === 'soft' ? x : [...x, constant(x[0]!.graph)]),
      expected: attended([q, k, v, mask]),
    };
  });
  describeOp('attention', cases);
});

test('a token after the query changes nothing, to the last bit', async () => {
  const [q, k, v] = ['q', 'k', 'v'].map((label) => uniform(label, [1, 2, 4, 8])) as [Operand, Operand, Operand];
  const changed = (x: Operand) => tabulate(x.shape, (i) => at(x, i) + (i[2] === 3 ? 100 : 0));
  const mask = causal(4, 4);
  const [before] = await evaluate([q, k, v, mask], build, 'float32');
  const [after] = await evaluate([q, changed(k), changed(v), mask], build, 'float32');
  const early = (y: Operand) => y.values.filter((_, i) => Math.floor(i / 8) % 4 < 3);
  expect(early(after!)).toEqual(early(before!));
  expect(after!.values).not.toEqual(before!.values);
});

test('batch, queries and keys may be known only when the graph runs', async () => {
  const [q, k, v] = [
    ['q', 4],
    ['k', 2],
    ['v', 2],
  ].map(([label, heads]) => uniform(label as string, [2, heads as number, 3, 4])) as [Operand, Operand, Operand];
  const graph = new Graph();
  const input = ({ shape }: Operand, name: string) => graph.floatInput(name, ['batch', shape[1]!, 'sequence', 4]);
  const mask = graph.floatInput('mask', [1, 1, 'sequence', 'sequence']);
  const y = attention({ q: input(q, 'q'), k: input(k, 'k'), v: input(v, 'v'), mask });
  expect(y.shape).toEqual(['batch', 4, 'sequence', 4]);
  const operands = { q, k, v, mask: causal(3, 3) };
  const session = await Session.of(graph, { y });
  const feeds = Object.entries(operands).map(([name, { shape, values }]) => {
    return [name, { dtype: 'float32' as const, shape, data: Float32Array.from(values) }];
  });
  const got = (await session.run(Object.fromEntries(feeds)))['y']!;
  await session.release();
  attended(Object.values(operands)).values.forEach((want, i) => expect(Number(got.data[i])).toBeCloseTo(want, 5));
});

const x = (...shape: number[]) => uniform('x', shape);
describeMistakes('attention', [
  {
    title: 'heads that do not divide',
    operands: [x(1, 3, 2, 4), x(1, 2, 2, 4), x(1, 2, 2, 4), x(2, 2)],
    build,
    message: /3 heads are no multiple of 2 key\/value heads/,
  },
  {
    title: 'a key of rank 3',
    operands: [x(1, 2, 2, 4), x(2, 2, 4), x(1, 2, 2, 4), x(2, 2)],
    build,
    message: /k is \[batch, heads, sequence, head\], not \[2, 2, 4\]/,
  },
  {
    title: 'values of another length',
    operands: [x(1, 2, 2, 4), x(1, 2, 3, 4), x(1, 2, 2, 4), x(2, 3)],
    build,
    message: /scores \[1, 2, 2, 3\] do not fit values \[1, 2, 2, 4\]/,
  },
]);

test('names the node when the mask does not fit', () => {
  const graph = new Graph();
  const [q, k, v] = ['q', 'k', 'v'].map((name) => graph.floatInput(name, [1, 2, 3, 4])) as [Value, Value, Value];
  expect(() => attention({ q, k, v, mask: graph.floatInput('mask', [2, 3]) })).toThrow(/add: .*mask: float32\[2, 3\]/);
});
