import { describe, expect, test } from '@jest/globals';
import type { FloatType } from '../ir/dtype.js';
import { transpose } from '../ops/transpose.js';
import { add } from '../ops/add.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { mul } from '../ops/mul.js';
import { sgd } from '../optim/sgd.js';
import { grokfastEma } from '../optim/grokfast.js';
import { adamw } from '../optim/adamw.js';
import { numbers } from '../testing/drive.js';
import { relativeError } from '../testing/gradcheck.js';
import { ELEMENTS, LENGTH, PARAMETERS, batch, batchFields, initial, tinyLoss } from '../testing/tiny-network.js';
import { type TrainProgramOptions, buildTrainProgram } from './program.js';
import { type StepBatch, TrainLoop } from './train-loop.js';

/** One step at rate 1 without momentum: the parameters move by exactly their gradients. */
const unit = sgd({ learningRate: 1, momentum: 0 });

interface Pass {
  readonly loss: number;
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** By parameter name. */
  readonly gradients: Record<string, number[]>;
}

/** Loss and gradients of one step as the training graph itself computes them, inside its Scan. */
async function pass(
  options: Partial<TrainProgramOptions>,
  given: StepBatch,
  rows: number,
  float: FloatType,
): Promise<Pass> {
  const program = buildTrainProgram({
    parameters: PARAMETERS,
    batch: batchFields(rows),
    loss: tinyLoss(rows),
    optimizer: unit,
    float,
    ...options,
  });
  const loop = await TrainLoop.create(program, initial(float), { threads: 1 });
  const before = Object.fromEntries(PARAMETERS.map((p) => [p.name, numbers(loop, p.name)]));
  const [report] = await loop.advance([given], () => 1);
  const gradients = Object.fromEntries(
    PARAMETERS.map((p) => [p.name, numbers(loop, p.name).map((v, i) => before[p.name]![i]! - v)]),
  );
  await loop.release();
  return { ...report!, gradients };
}

/** |a − b| / |b| over all parameters together. */
function normDifference(a: Pass, b: Pass): number {
  const flat = (p: Pass) => Object.values(p.gradients).flat();
  const [x, y] = [flat(a), flat(b)];
  return Math.hypot(...x.map((v, i) => v - y[i]!)) / Math.hypot(...y);
}

describe('the float32 training graph, fused and inside Scan', () => {
  test('has the loss and the gradients of the float64 one to 1e-4', async () => {
    const given = batch(0, 2);
    const [narrow, wide] = [await pass({}, given, 2, 'float32'), await pass({}, given, 2, 'float64')];
    expect(Object.values(wide.gradients).flat()).toHaveLength(ELEMENTS);
    expect(Math.abs(narrow.loss - wide.loss) / wide.loss).toBeLessThan(1e-4);
    expect(Math.abs(narrow.gradientNorm - wide.gradientNorm) / wide.gradientNorm).toBeLessThan(1e-4);
    expect(normDifference(narrow, wide)).toBeLessThan(1e-4);
  });

  test('reports the norm of the gradients it applies', async () => {
    const one = await pass({}, batch(0, 2), 2, 'float64');
    expect(one.gradientNorm).toBeCloseTo(Math.hypot(...Object.values(one.gradients).flat()), 10);
  });
});

/** Central differences of the loss that the graph reports, for a handful of elements of every parameter. */
test('the gradients are those of the reported loss', async () => {
  const h = 1e-5;
  const given = batch(3, 1);
  const exact = await pass({}, given, 1, 'float64');
  const program = buildTrainProgram({
    parameters: PARAMETERS,
    batch: batchFields(1),
    loss: tinyLoss(1),
    optimizer: unit,
    float: 'float64',
  });
  const loop = await TrainLoop.create(program, initial('float64'), { threads: 1 });
  const values = initial('float64') as Map<string, Float64Array>;
  const slots = new Map(
    program.slots.map((s) => [s.name, new Float64Array(values.get(s.name.split('@')[0]!)!.length)]),
  );
  const lossAt = async (): Promise<number> => {
    loop.restore(0, new Map([...values, ...slots]));
    return (await loop.advance([given], () => 1))[0]!.loss;
  };
  for (const [name, data] of values) {
    const numeric: number[] = [];
    for (let i = 0; i < data.length; i++) {
      const x = data[i]!;
      data[i] = x + h;
      const above = await lossAt();
      data[i] = x - h;
      numeric.push((above - (await lossAt())) / (2 * h));
      data[i] = x;
    }
    expect(relativeError(exact.gradients[name]!, numeric)).toBeLessThan(1e-5);
  }
  await loop.release();
});

describe('accumulation', () => {
  const whole = batch(7, 8);

  test.each([2, 4, 8])(
    'a batch of 8 rows in %d parts, with unequal masks, gives the gradients of the whole to 1e-6',
    async (accumulation) => {
      const rows = 8 / accumulation;
      const kept = Array.from(
        { length: accumulation },
        (_, i) =>
          (whole['weights'] as Float32Array).subarray(i * rows * LENGTH, (i + 1) * rows * LENGTH).filter((w) => w > 0)
            .length,
      );
      expect(new Set(kept).size).toBeGreaterThan(1);
      const direct = await pass({}, whole, 8, 'float64');
      const parts = await pass({ accumulation }, whole, rows, 'float64');
      expect(Math.abs(parts.loss - direct.loss)).toBeLessThan(1e-9);
      expect(parts.metrics['plainSum']).toBeCloseTo(direct.metrics['plainSum']!, 9);
      expect(normDifference(parts, direct)).toBeLessThan(1e-9);
      const narrow = await pass({ accumulation }, whole, rows, 'float32');
      expect(normDifference(narrow, await pass({}, whole, 8, 'float32'))).toBeLessThan(1e-6);
    },
  );

  test('reaches parameters through ops that stand outside the loop over the parts', async () => {
    // Transposed, the weight is made once outside that loop.
    const loss: TrainProgramOptions['loss'] = (graph, p, fields) => {
      const twice = new Map(p).set('q', transpose(transpose(p.get('q')!, [1, 0]), [1, 0]));
      return tinyLoss(4)(graph, twice, fields);
    };
    const direct = await pass({}, whole, 8, 'float64');
    expect(normDifference(await pass({ accumulation: 2, loss }, whole, 4, 'float64'), direct)).toBeLessThan(1e-9);
  });
});

describe('buildTrainProgram', () => {
  const tiny: TrainProgramOptions = {
    parameters: [{ name: 'a', shape: [2], role: 'vector' }],
    frozen: [{ name: 'f', shape: [2], role: 'vector' }],
    batch: { x: { dtype: 'float32', shape: [2] } },
    loss: (_, p, { x }) => ({ loss: reduceSum(mul(mul(p.get('a')!, p.get('f')!), x!)) }),
    optimizer: adamw({ learningRate: 0.1 }),
  };

  const start = new Map([
    ['a', Float32Array.of(1, 2)],
    ['f', Float32Array.of(3, 4)],
  ]);

  test('never changes frozen tensors, nor keeps state for them', async () => {
    const program = buildTrainProgram(tiny);
    expect(program.slots.map((s) => s.name)).toEqual(['a@m', 'a@v']);
    const loop = await TrainLoop.create(program, start, { threads: 1 });
    const [report] = await loop.advance([{ x: Float32Array.of(5, 6) }], () => 1);
    expect(report!.loss).toBe(1 * 3 * 5 + 2 * 4 * 6);
    expect(report!.gradientNorm).toBeCloseTo(Math.hypot(15, 24), 5);
    await loop.release();
  });

  test.each([1, 2])(
    'takes a loss and metrics of one element whatever their rank, in %d parts',
    async (accumulation) => {
      const loss: TrainProgramOptions['loss'] = (_, p, { x }) => {
        const product = mul(mul(p.get('a')!, p.get('f')!), x!);
        return { loss: reduceSum(product, [0], true), metrics: { twice: reduceSum(add(product, product), [0], true) } };
      };
      const loop = await TrainLoop.create(buildTrainProgram({ ...tiny, loss, accumulation }), start, { threads: 1 });
      const x = Float32Array.from({ length: 2 * accumulation }, () => 1);
      const [report] = await loop.advance([{ x }], () => 1);
      expect([report!.loss, report!.metrics['twice']]).toEqual([11 * accumulation, 22 * accumulation]);
      await loop.release();
    },
  );

  test('filters before it clips, and reports the norm in between', async () => {
    const options = { ...tiny, optimizer: unit, filter: grokfastEma({ alpha: 0.5, lambda: 3 }), clipNorm: 1 };
    const loop = await TrainLoop.create(buildTrainProgram(options), start, { threads: 1 });
    const [report] = await loop.advance([{ x: Float32Array.of(1, 1) }], () => 1);
    // The gradient is f = [3, 4]; at the first step the filter makes it four times as long, then it is cut to length 1.
    expect(report!.gradientNorm).toBeCloseTo(20, 4);
    [1 - 0.6, 2 - 0.8].forEach((v, i) => expect(loop.value('a')[i]).toBeCloseTo(v, 5));
    await loop.release();
  });

  test('refuses a parameter that the loss does not use', () => {
    const unused = {
      ...tiny,
      parameters: [...tiny.parameters, { name: 'lonely', shape: [2], role: 'vector' } as const],
    };
    expect(() => buildTrainProgram(unused)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: 'the loss does not depend on parameter lonely' }),
    );
  });

  test.each([0, -1, 1.5])('refuses %d micro-batches', (accumulation) => {
    expect(() => buildTrainProgram({ ...tiny, accumulation })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('accumulation') }),
    );
  });

  test('refuses two tensors of one name', () => {
    expect(() => buildTrainProgram({ ...tiny, frozen: tiny.parameters })).toThrow('input a is defined twice');
  });
});
