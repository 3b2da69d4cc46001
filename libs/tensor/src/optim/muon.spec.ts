import { describe, expect, test } from '@jest/globals';
import { drive } from '../testing/drive.js';
import { evaluate } from '../testing/evaluate.js';
import { readFixture } from '../testing/fixtures.js';
import { type Operand, uniform } from '../testing/operand.js';
import { map, permute, product, sum, zip } from '../testing/plain.js';
import { adamw } from './adamw.js';
import { muon, newtonSchulz } from './muon.js';
import type { Parameter } from './optimizer.js';

const fixture = readFixture('newton-schulz.safetensors');
const transposed = (x: Operand): Operand => permute(x, [1, 0]);

describe('newtonSchulz', () => {
  describe.each([
    ['float64', 1e-9],
    ['float32', 1e-5],
  ] as const)('in %s', (float, tolerance) => {
    test.each(['square', 'tall', 'wide'])(`gives what PyTorch gives for a %s matrix, to ${tolerance}`, async (name) => {
      const [y] = await evaluate([fixture[`${name}.in`]!], ([x]) => newtonSchulz(x!), float);
      const want = fixture[`${name}.out`]!;
      expect(y!.shape).toEqual(want.shape);
      expect(Math.max(...zip(y!, want, (a, b) => Math.abs(a - b)).values)).toBeLessThan(tolerance);
    });
  });

  test.each([
    [6, 6],
    [9, 4],
    [4, 9],
  ])('brings the singular values of a %d x %d matrix near 1', async (rows, columns) => {
    const [y] = await evaluate([uniform(`singular ${rows}`, [rows, columns])], ([x]) => newtonSchulz(x!));
    const gram = rows <= columns ? product(y!, transposed(y!)) : product(transposed(y!), y!);
    // The iteration aims at the band of about 0.7 to 1.2 and not at 1 itself: so do the traces of XXᵀ and of its square.
    const n = Math.min(rows, columns);
    expect(sum(map(gram, (v) => v * v).values) / n).toBeLessThan(1.25 ** 4);
    expect(sum(gram.values.filter((_, i) => i % (n + 1) === 0)) / n).toBeGreaterThan(0.4);
  });

  test('of a zero matrix is zero', async () => {
    const [y] = await evaluate([map(uniform('zero', [3, 2]), () => 0)], ([x]) => newtonSchulz(x!));
    expect(y!.values.map(Math.abs)).toEqual([0, 0, 0, 0, 0, 0]);
  });
});

describe('muon', () => {
  const [rate, mu, decay] = [0.02, 0.95, 0.1];
  const rest = { learningRate: 0.01, weightDecay: 0.2 };
  const optimizer = muon({ learningRate: rate, momentum: mu, weightDecay: decay, adamw: rest });

  test.each([
    { rows: 6, columns: 3 },
    { rows: 3, columns: 6 },
  ])('two steps on a hidden matrix of $rows x $columns follow the definition', async ({ rows, columns }) => {
    const parameters: Parameter[] = [{ name: 'w', role: 'matrix', shape: [rows, columns] }];
    const start = uniform('start', [rows, columns]);
    const gradients = ['g1', 'g2'].map((label) => uniform(label, [rows, columns]));
    const path = await drive(
      { parameters, optimizer },
      { w: start.values },
      gradients.map((g) => ({ w: g.values })),
    );
    let [buffer, w] = [map(start, () => 0), start];
    for (const [i, g] of gradients.entries()) {
      buffer = zip(
        map(buffer, (v) => mu * v),
        g,
        (a, b) => a + b,
      );
      const ahead = zip(g, buffer, (a, b) => a + mu * b);
      const [direction] = await evaluate([ahead], ([x]) => newtonSchulz(x!));
      const stretch = Math.sqrt(Math.max(1, rows / columns));
      w = zip(
        map(w, (v) => v * (1 - rate * decay)),
        direction!,
        (a, b) => a - rate * stretch * b,
      );
      w.values.forEach((v, j) => expect(path[i]!['w']![j]).toBeCloseTo(v, 12));
    }
  });

  test('embeddings and vectors go the way of AdamW, to the last bit', async () => {
    const parameters: Parameter[] = [
      { name: 'w', role: 'matrix', shape: [2, 2] },
      { name: 'e', role: 'embedding', shape: [2, 2] },
      { name: 'b', role: 'vector', shape: [2] },
    ];
    const initial = { w: [1, 2, 3, 4], e: [1, -1, 2, -2], b: [0.5, -0.5] };
    const gradients = [1, -2, 0.3].map((s) => ({ w: [s, 0, 0, s], e: [s, 2, -s, 1], b: [1, s] }));
    const mixed = await drive({ parameters, optimizer }, initial, gradients);
    const plain = await drive({ parameters, optimizer: adamw(rest) }, initial, gradients);
    mixed.forEach((step, i) => {
      expect(step['e']).toEqual(plain[i]!['e']);
      expect(step['b']).toEqual(plain[i]!['b']);
      expect(step['w']).not.toEqual(plain[i]!['w']);
    });
  });

  test('keeps state for what it trains only', () => {
    const slots = (role: Parameter['role']) => optimizer.slots({ name: 'p', role, shape: [2, 2] });
    expect([slots('matrix'), slots('embedding')]).toEqual([['momentum'], ['m', 'v']]);
  });
});
