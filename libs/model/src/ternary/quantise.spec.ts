import { Graph, type Value, Session, gradients, mul, reduceSum } from '@agent-forge/tensor';
import { describe, expect, test } from '@jest/globals';
import { TERNARY_TRAINING, type TernaryMark } from './mark.js';
import { blend, int8Activations, ternaryWeight } from './quantise-graph.js';
import { dequantise, quantiseTernary, roundToHalf } from './quantise-weights.js';
import { GOLDEN, randomTensor } from './testing.js';

const PLAIN: TernaryMark = { ...TERNARY_TRAINING, scaleGrid: 'float32' };
const MARKS: [string, TernaryMark][] = [
  ['one scale', PLAIN],
  ['one scale on the grid of half precision', TERNARY_TRAINING],
  ['a scale for each channel', { ...PLAIN, scaleAxis: 'channel' }],
];
const W = { shape: [2, 3], data: Float32Array.from(GOLDEN.absmean.W.flat()) };

/** A value of a graph with one input, and its gradient under a weighted sum. */
async function evaluate(shape: readonly number[], x: Float32Array, build: (x: Value) => Value) {
  const graph = new Graph();
  const input = graph.floatInput('x', shape);
  const y = build(input);
  const seeds = graph.constant(
    'float32',
    shape as number[],
    x.map((_, i) => 1 + i),
  );
  const [g] = gradients(reduceSum(mul(y, seeds)), [input]);
  const session = await Session.of(graph, { y, g: g! }, { threads: 1 });
  const out = await session.run({ x: { dtype: 'float32', shape, data: x } });
  await session.release();
  return { y: out['y']!.data as Float32Array, g: Array.from(out['g']!.data as Float32Array) };
}

describe('absmean', () => {
  test('the hand vector', () => {
    const { codes, scales } = quantiseTernary(W, PLAIN);
    expect([...codes]).toEqual(GOLDEN.absmean.tern.flat());
    expect(scales[0]).toBeCloseTo(GOLDEN.absmean.gamma, 6);
  });

  test.each(MARKS)('graph and packer agree to the last bit, %s', async (_, mark) => {
    const tensor = randomTensor(24, 40);
    const { y } = await evaluate([24, 40], tensor.data, (w) => ternaryWeight(w, mark));
    const want = dequantise(quantiseTernary(tensor, mark)).data;
    // A mean is summed in another order, which may move a scale by its last bit where no coarser grid takes it up.
    y.forEach((value, i) => expect(Math.abs(value - want[i]!)).toBeLessThanOrEqual(2e-7 * Math.abs(want[i]!)));
    if (mark.scaleGrid === 'float16') expect([...y].map((v) => v + 0)).toEqual([...want].map((v) => v + 0));
  });

  test.each(MARKS)('three values for each scale, %s', (_, mark) => {
    const { data } = dequantise(quantiseTernary(randomTensor(8, 64), mark));
    const groups = mark.scaleAxis === 'channel' ? 8 : 1;
    for (let i = 0; i < groups; i++)
      expect(new Set(data.subarray((i * data.length) / groups, ((i + 1) * data.length) / groups)).size).toBe(3);
  });

  test('codes do not change with the size of the weights, and the scale changes as they do', () => {
    const tensor = randomTensor(16, 16);
    const { codes, scales } = quantiseTernary(tensor, PLAIN);
    const larger = quantiseTernary({ ...tensor, data: tensor.data.map((w) => 8 * w) }, PLAIN);
    expect(larger.codes).toEqual(codes);
    expect(larger.scales[0]).toBe(8 * scales[0]!);
  });

  test('codes of a ternary matrix are its own; its mean is not its scale, so that one frozen must say so', () => {
    const once = quantiseTernary(W, PLAIN);
    const again = quantiseTernary(dequantise(once), PLAIN);
    expect(again.codes).toEqual(once.codes);
    expect(again.scales[0]).toBeCloseTo(GOLDEN.absmean.gamma_if_wrongly_reestimated, 6);
    expect(quantiseTernary(dequantise(once), { ...PLAIN, mode: 'offline' })).toEqual(once);
  });

  test('halves of the scale become 0, in graph and packer', async () => {
    const data = Float32Array.of(0.5, -0.5, 1.5, -1.5, 1, -1);
    expect([...quantiseTernary({ shape: [1, 6], data }, PLAIN).codes]).toEqual([0, 0, 1, -1, 1, -1]);
    const { y } = await evaluate([1, 6], data, (w) => ternaryWeight(w, PLAIN));
    expect([...y].map((v) => v + 0)).toEqual([0, 0, 1, -1, 1, -1]);
  });

  test('a matrix of zeros stays zero, and the grid is that of half precision', () => {
    expect([...quantiseTernary({ shape: [1, 4], data: new Float32Array(4) }, PLAIN).codes]).toEqual([0, 0, 0, 0]);
    expect(roundToHalf(0.1)).toBe(0.0999755859375);
    expect(quantiseTernary({ shape: [1, 2], data: Float32Array.of(0.1, -0.1) }, TERNARY_TRAINING).scales[0]).toBe(
      0.0999755859375,
    );
  });
});

describe('8-bit activations', () => {
  test('the hand vector', async () => {
    const { x, q_half_even: q, scale } = GOLDEN.act_int8;
    const { y } = await evaluate([1, 4], Float32Array.from(x), int8Activations);
    y.forEach((value, i) => expect(value * scale).toBeCloseTo(q[i]!, 5));
  });

  test('no value moves by more than half a step of its own token', async () => {
    const { data } = randomTensor(6, 32);
    const { y } = await evaluate([6, 32], data, int8Activations);
    for (let row = 0; row < 6; row++) {
      const part = data.subarray(row * 32, (row + 1) * 32);
      const step = Math.max(...part.map(Math.abs)) / 127;
      part.forEach((x, i) => expect(Math.abs(y[row * 32 + i]! - x)).toBeLessThanOrEqual(0.5 * step * (1 + 1e-5)));
    }
  });

  test('a token of zeros stays zero', async () => {
    expect([...(await evaluate([1, 3], new Float32Array(3), int8Activations)).y]).toEqual([0, 0, 0]);
  });
});

test('gradients pass quantisers and blends as if nothing had happened', async () => {
  const { data } = randomTensor(4, 8);
  const identity = data.reduce<number[]>((all, _, i) => [...all, 1 + i], []);
  for (const build of [
    (x: Value) => ternaryWeight(x, TERNARY_TRAINING),
    int8Activations,
    (x: Value) => blend(x, ternaryWeight(x, PLAIN), x.graph.scalar(0.3)),
  ])
    expect((await evaluate([4, 8], data, build)).g).toEqual(identity);
});

test('a blend begins and ends exactly', async () => {
  const { data } = randomTensor(4, 8);
  const at = (share: number) => (x: Value) => blend(x, ternaryWeight(x, PLAIN), x.graph.scalar(share));
  expect((await evaluate([4, 8], data, at(0))).y).toEqual(data);
  const { y } = await evaluate([4, 8], data, (x) => ternaryWeight(x, PLAIN));
  expect([...(await evaluate([4, 8], data, at(1))).y].map((v) => v + 0)).toEqual([...y].map((v) => v + 0));
});
