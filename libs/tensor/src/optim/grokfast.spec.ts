import { describe, expect, test } from '@jest/globals';
import { TrainLoop } from '../training/train-loop.js';
import { digest, drive, givenGradients } from '../testing/drive.js';
import { uniform } from '../testing/operand.js';
import { sum } from '../testing/plain.js';
import { adamw } from './adamw.js';
import { grokfastEma, grokfastMa } from './grokfast.js';
import type { GradientFilter, Parameter } from './optimizer.js';
import { sgd } from './sgd.js';

/** With this optimiser a parameter that starts at 0 is minus the sum of its filtered gradients. */
const summing = sgd({ learningRate: 1, momentum: 0 });
const one: Parameter[] = [{ name: 'p', role: 'vector', shape: [1] }];

/** The filtered gradient of every step. */
async function filtered(filter: GradientFilter, gradients: readonly number[]): Promise<number[]> {
  const path = await drive(
    { parameters: one, optimizer: summing, filter },
    { p: [0] },
    gradients.map((g) => ({ p: [g] })),
  );
  return path.map((step, i) => (path[i - 1]?.['p']![0] ?? 0) - step['p']![0]!);
}

const several: Parameter[] = [
  { name: 'w', role: 'matrix', shape: [2, 3] },
  { name: 'b', role: 'vector', shape: [3] },
];
const initial = { w: uniform('w', [2, 3]).values, b: uniform('b', [3]).values };
const gradients = Array.from({ length: 12 }, (_, i) => ({
  w: uniform(`w${i}`, [2, 3]).values,
  b: uniform(`b${i}`, [3]).values,
}));

describe('lambda 0', () => {
  test.each([grokfastEma({ lambda: 0 }), grokfastMa({ window: 3, lambda: 0 })])(
    'of $name leaves every byte of the plain optimiser',
    async (filter) => {
      const optimizer = adamw({ learningRate: 0.01 });
      const options = { parameters: several, optimizer, clipNorm: 1, float: 'float32' } as const;
      expect(await drive({ ...options, filter }, initial, gradients)).toEqual(await drive(options, initial, gradients));
    },
  );
});

describe('grokfast-ema', () => {
  test('amplifies a constant gradient as the table says', async () => {
    const got = await filtered(grokfastEma({ start: 'zero' }), [1, 1, 1, 1]);
    [1.04, 1.0792, 1.117616, 1.155264].forEach((want, i) => expect(got[i]).toBeCloseTo(want, 6));
  });

  test('comes to 1 + lambda times a constant gradient', async () => {
    const got = await filtered(
      grokfastEma({ alpha: 0.8, lambda: 3, start: 'zero' }),
      Array.from({ length: 150 }, () => 0.5),
    );
    expect(got.at(-1)).toBeCloseTo(2, 10);
  });

  test('starts at the first gradient by default', async () => {
    expect(await filtered(grokfastEma({ alpha: 0.9, lambda: 2 }), [1, 0])).toEqual([
      expect.closeTo(3, 12),
      expect.closeTo(1.8, 12),
    ]);
  });

  test.each([0.01, 0.1, 1, Math.PI])('gain of a sinusoid at %d rad per step is |H|, to 1 %', async (omega) => {
    const [alpha, lambda] = [0.98, 2];
    const [warm, periods] = [500, Math.max(1, Math.round((300 * omega) / (2 * Math.PI)))];
    const measured = Math.round((periods * 2 * Math.PI) / omega);
    const waves = Array.from({ length: warm + measured }, (_, t) => Math.cos(omega * t));
    const got = (await filtered(grokfastEma({ alpha, lambda, start: 'zero' }), waves)).slice(warm);
    const part = (f: (x: number) => number) => sum(got.map((g, i) => g * f(omega * (warm + i))));
    const gain =
      Math.hypot(part(Math.cos), part(Math.sin)) /
      sum(waves.slice(warm).map((_, i) => Math.cos(omega * (warm + i)) ** 2));
    // H(e^iω) = 1 + λ(1−α) / (1 − α·e^−iω)
    const [re, im] = [1 - alpha * Math.cos(omega), alpha * Math.sin(omega)];
    const weight = (lambda * (1 - alpha)) / (re * re + im * im);
    expect(gain / Math.hypot(1 + weight * re, weight * im)).toBeCloseTo(1, 2);
  });
});

describe('grokfast-ma', () => {
  const values = uniform('queue', [12]).values;

  test('does nothing before the queue is full, then adds the mean of the queue', async () => {
    const [window, lambda] = [5, 3];
    const got = await filtered(grokfastMa({ window, lambda }), values);
    values.forEach((g, i) => {
      const queue = values.slice(i - window + 1, i + 1);
      const want = i + 1 < window ? g : g + (lambda * sum(queue)) / window;
      expect(got[i]).toBeCloseTo(want, 12);
    });
  });

  test.each([0, 1, 2.5, NaN])('refuses a window of %d', (window) => {
    expect(() => grokfastMa({ window })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('the state of a filter', () => {
  test.each([grokfastEma(), grokfastMa({ window: 4 })])(
    'of $name is part of the checkpoint, and a resumed run gives the same bytes',
    async (filter) => {
      const program = givenGradients({
        parameters: several,
        optimizer: adamw({ learningRate: 0.01 }),
        filter,
        float: 'float32',
      });
      const start = new Map(Object.entries(initial).map(([name, v]) => [name, Float32Array.from(v)]));
      const batches = gradients.map((g) => ({ w: Float32Array.from(g.w), b: Float32Array.from(g.b) }));
      const whole = await TrainLoop.create(program, start, { threads: 1 });
      await whole.advance(batches, () => 1);
      const first = await TrainLoop.create(program, start, { threads: 1 });
      await first.advance(batches.slice(0, 7), () => 1);
      const state = first.state();
      expect([...state.keys()].some((name) => /@(ema|queue)$/.test(name))).toBe(true);
      const parameters = several.map((p) => [p.name, (first.value(p.name) as Float32Array).slice()] as const);
      const second = await TrainLoop.create(program, start, { threads: 1 });
      second.restore(7, new Map([...parameters, ...state]));
      await second.advance(batches.slice(7), () => 1);
      expect(digest(second, program)).toBe(digest(whole, program));
      for (const loop of [whole, first, second]) await loop.release();
    },
  );
});
