import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Graph } from '../ir/graph.js';
import { toOnnx } from '../ir/serialize.js';
import { add } from '../ops/add.js';
import { exp } from '../ops/exp.js';
import { gather } from '../ops/gather.js';
import { matmul } from '../ops/matmul.js';
import { type HostTensor, Session } from './session.js';

const graph = new Graph();
const y = exp(gather(graph.floatInput('table', [3, 2]), graph.input('ids', 'int32', ['n'])));
const table: HostTensor = { dtype: 'float32', shape: [3, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) };
const ids = (...values: number[]): HostTensor => ({
  dtype: 'int32',
  shape: [values.length],
  data: Int32Array.from(values),
});

describe('Session', () => {
  test('runs a graph from bytes and from a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'session-'));
    const file = join(folder, 'model.onnx');
    writeFileSync(file, toOnnx(graph, { y }));
    for (const session of [await Session.of(graph, { y }), await Session.create(file)]) {
      expect([...session.inputNames]).toEqual(['table', 'ids']);
      const result = (await session.run({ table, ids: ids(2, 0) }))['y']!;
      expect([result.dtype, result.shape]).toEqual(['float32', [2, 2]]);
      [4, 5, 0, 1].forEach((x, i) => expect(Number(result.data[i])).toBeCloseTo(Math.exp(x), 3));
      await session.release();
    }
    rmSync(folder, { recursive: true });
  });

  test('writes outputs into given arrays', async () => {
    const session = await Session.of(graph, { y });
    const into: HostTensor = { dtype: 'float32', shape: [1, 2], data: new Float32Array(2) };
    const result = await session.run({ table, ids: ids(0) }, { y: into });
    expect([...into.data].map(Number)).toEqual([1, expect.closeTo(Math.E, 5)]);
    expect(result['y']).toBe(into);
    await session.release();
  });

  test.each([
    ['a missing input', { table }, /^no value for ids$/],
    ['another type', { table, ids: { ...ids(0), dtype: 'int64', data: BigInt64Array.of(0n) } }, /int64/],
    ['another rank', { table: { ...table, shape: [6] }, ids: ids(0) }, /rank.*table Got: 1 Expected: 2/],
    [
      'an array that does not fill its shape',
      { table: { ...table, shape: [4, 2] }, ids: ids(0) },
      /^table: Float32Array of 6 for float32\[4, 2\]$/,
    ],
    [
      'an array of another type',
      { table: { ...table, data: new Float64Array(6) }, ids: ids(0) },
      /^table: Float64Array of 6 for float32/,
    ],
    ['an index out of bounds', { table, ids: ids(0, 3) }, /^the graph cannot run on these values: .*idx=3/],
  ] as const)('refuses %s in one clear line', async (_, inputs, message) => {
    const session = await Session.of(graph, { y });
    await expect(session.run(inputs as Record<string, HostTensor>)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    expect((await session.run({ table, ids: ids(1) }))['y']!.shape).toEqual([1, 2]);
    await session.release();
  });

  test('of bytes that are no model says so', async () => {
    await expect(Session.create(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
  });
});

describe('external constants', () => {
  const doubled = () => {
    const graph = new Graph();
    const w = graph.external('w', 'float32', [2, 2]);
    return { graph, y: matmul(graph.floatInput('x', [1, 2]), w) };
  };
  const x = { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 10) } as const;

  test('get their values when the session is made, as a copy', async () => {
    const { graph, y } = doubled();
    const data = Float32Array.of(1, 2, 3, 4);
    const session = await Session.of(graph, { y }, { externals: new Map([['w', data]]) });
    data.fill(0);
    expect([...(await session.run({ x }))['y']!.data]).toEqual([31, 42]);
    await session.release();
  });

  test('are not in the serialised model', () => {
    const graph = new Graph();
    const w = graph.external('w', 'float32', [1000, 1000]);
    expect(toOnnx(graph, { y: matmul(graph.floatInput('x', [1, 1000]), w) }).length).toBeLessThan(1000);
  });

  test('are refused when absent, of another size or defined twice', async () => {
    const { graph, y } = doubled();
    for (const externals of [new Map(), new Map([['w', new Float32Array(3)]])])
      await expect(Session.of(graph, { y }, { externals })).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
    expect(() => graph.external('w', 'float32', [1])).toThrow(/external constant w is defined twice/);
  });
});

test('a session leaves the arithmetic of its thread alone: subnormal numbers stay what they are', async () => {
  // onnxruntime's flush-to-zero option would reach into JavaScript, and only into the first thread that makes a session.
  const graph = new Graph();
  const x = graph.floatInput('x', [1]);
  const session = await Session.of(graph, { y: add(x, x) });
  const tiny = { dtype: 'float32', shape: [1], data: Float32Array.of(1e-45) } as const;
  const { y } = await session.run({ x: tiny });
  expect(y!.data[0]).toBe(Math.fround(2.8e-45));
  expect(Number.MIN_VALUE * 1).toBe(5e-324);
  await session.release();
});

test.each([0, 1.5, 100_000])('%d threads are refused before anything is started', async (threads) => {
  await expect(Session.of(graph, { y }, { threads })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
