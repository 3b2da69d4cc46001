import { afterAll, describe, expect, test } from '@jest/globals';
import type { TensorData } from '../ir/dtype.js';
import { adamw } from '../optim/adamw.js';
import { grokfastEma, grokfastMa } from '../optim/grokfast.js';
import { muon } from '../optim/muon.js';
import type { GradientFilter, Optimizer } from '../optim/optimizer.js';
import { cosine } from '../optim/schedule.js';
import { sgd } from '../optim/sgd.js';
import { digest } from '../testing/drive.js';
import { PARAMETERS, batch, batchFields, initial, tinyLoss } from '../testing/tiny-network.js';
import { type TrainProgram, buildTrainProgram } from './program.js';
import { TrainLoop } from './train-loop.js';

const ROWS = 2;
const STEPS = 20;
const schedule = cosine({ steps: STEPS, warmup: 4 });
const batches = Array.from({ length: STEPS }, (_, k) => batch(k, ROWS));

function program(optimizer: Optimizer, filter?: GradientFilter): TrainProgram {
  const options = { parameters: PARAMETERS, batch: batchFields(ROWS), loss: tinyLoss(ROWS), optimizer, clipNorm: 1 };
  return buildTrainProgram(filter ? { ...options, filter } : options);
}

const open: TrainLoop[] = [];
async function loopOf(p: TrainProgram): Promise<TrainLoop> {
  const loop = await TrainLoop.create(p, initial(), { threads: 1 });
  open.push(loop);
  return loop;
}
afterAll(() => Promise.all(open.map((loop) => loop.release())));

/** Everything a checkpoint holds: copies of the parameters, and the state. */
function checkpoint(loop: TrainLoop): Map<string, TensorData> {
  return new Map([
    ...PARAMETERS.map((p) => [p.name, (loop.value(p.name) as Float32Array).slice()] as const),
    ...loop.state(),
  ]);
}

const KINDS: { title: string; optimizer: Optimizer; filter?: GradientFilter }[] = [
  { title: 'AdamW', optimizer: adamw({ learningRate: 0.01 }) },
  { title: 'SGD', optimizer: sgd({ learningRate: 0.1, weightDecay: 0.01 }) },
  { title: 'Muon', optimizer: muon({ learningRate: 0.02, adamw: { learningRate: 0.01 } }) },
  { title: 'AdamW with an EMA filter', optimizer: adamw({ learningRate: 0.01 }), filter: grokfastEma() },
  { title: 'AdamW with an MA filter', optimizer: adamw({ learningRate: 0.01 }), filter: grokfastMa({ window: 4 }) },
];

describe.each(KINDS)('$title', ({ optimizer, filter }) => {
  const p = program(optimizer, filter);

  test('20 steps are the same bytes however they are split into calls, and across a checkpoint', async () => {
    const whole = await loopOf(p);
    const reports = await whole.advance(batches, schedule);
    const split = await loopOf(p);
    const parts = [];
    for (const [from, to] of [
      [0, 1],
      [1, 8],
      [8, 20],
    ] as const)
      parts.push(...(await split.advance(batches.slice(from, to), schedule)));
    const first = await loopOf(p);
    await first.advance(batches.slice(0, 10), schedule);
    const resumed = await loopOf(p);
    resumed.restore(10, checkpoint(first));
    const rest = await resumed.advance(batches.slice(10), schedule);

    expect(digest(split, p)).toBe(digest(whole, p));
    expect(digest(resumed, p)).toBe(digest(whole, p));
    expect(digest(first, p)).not.toBe(digest(whole, p));
    expect(parts).toEqual(reports);
    expect(rest).toEqual(reports.slice(10));
    expect(reports.map((r) => r.step)).toEqual(batches.map((_, i) => i + 1));
  });

  test('learns one batch by heart', async () => {
    const loop = await loopOf(p);
    const losses: number[] = [];
    for (let i = 0; i < 10; i++)
      losses.push(
        ...(
          await loop.advance(
            Array.from({ length: 30 }, () => batches[0]!),
            () => 1,
          )
        ).map((r) => r.loss),
      );
    expect(losses.at(-1)!).toBeLessThan(0.02 * losses[0]!);
  });
});

describe('a checkpoint', () => {
  const p = program(adamw({ learningRate: 0.01 }));

  test('is a copy: later steps do not change it', async () => {
    const loop = await loopOf(p);
    await loop.advance(batches.slice(0, 2), schedule);
    const state = loop.state();
    const before = [...state].map(([name, data]) => [name, data.slice()]);
    // Two calls: the buffers take turns.
    for (const from of [2, 4]) await loop.advance(batches.slice(from, from + 2), schedule);
    expect([...state]).toEqual(before);
    expect([...loop.state()]).not.toEqual(before);
  });

  test('that does not fit changes nothing', async () => {
    const loop = await loopOf(p);
    await loop.advance(batches.slice(0, 3), schedule);
    const before = digest(loop, p);
    const other = await loopOf(p);
    await other.advance(batches.slice(0, 5), schedule);
    const good = checkpoint(other);
    const bad = new Map(good).set('norm3@v', new Float32Array(3));
    const missing = new Map([...good].filter(([name]) => name !== 'down'));
    expect(() => loop.restore(5, bad)).toThrow(
      expect.objectContaining({
        code: 'CHECKPOINT_INVALID',
        message: expect.stringContaining('norm3@v: 3 values for 8'),
      }),
    );
    expect(() => loop.restore(5, missing)).toThrow(
      expect.objectContaining({ code: 'CHECKPOINT_INVALID', message: expect.stringContaining('down: no value') }),
    );
    expect(() => loop.restore(-1, good)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_INVALID' }));
    expect(digest(loop, p)).toBe(before);
    expect(loop.step).toBe(3);
  });
});

describe('mistakes', () => {
  const p = program(sgd({ learningRate: 0.1 }));

  test('first values that do not fit', async () => {
    const bad = initial().set('q', new Float32Array(1));
    await expect(TrainLoop.create(p, bad, { threads: 1 })).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      message: expect.stringContaining('q: 1 values for 128 elements'),
    });
  });

  test('a batch that does not fit, and none, leave everything as it was', async () => {
    const loop = await loopOf(p);
    const before = digest(loop, p);
    const short = { ...batches[0]!, ids: new Int32Array(3) };
    const { ids: _ids, ...without } = batches[0]!;
    for (const [given, message] of [
      [[batches[0]!, short], 'batch field ids has 3 values instead of 12'],
      [[without], 'batch field ids'],
      [[], 'at least one batch'],
    ] as const) {
      await expect(loop.advance(given, schedule)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message),
      });
    }
    expect([digest(loop, p), loop.step]).toEqual([before, 0]);
  });

  test('a token outside the vocabulary is one clear line, and leaves everything as it was', async () => {
    const loop = await loopOf(p);
    const before = digest(loop, p);
    const ids = batches[0]!['ids']!.slice() as Int32Array;
    ids[4] = 13;
    await expect(loop.advance([batches[1]!, { ...batches[0]!, ids }], schedule)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^[^\n]*13[^\n]*$/),
    });
    expect([digest(loop, p), loop.step]).toEqual([before, 0]);
    const [report] = await loop.advance([batches[0]!], schedule);
    expect(Number.isFinite(report!.loss)).toBe(true);
  });

  test('a name that is no parameter', async () => {
    expect(() => open[0]!.value('nobody')).toThrow('no parameter or state named nobody');
  });
});
