import { Graph, Session, gradients, matmul } from '@agent-forge/tensor';
import { describe, expect, test } from '@jest/globals';
import type { ParameterRule } from '../network/llama.js';
import { plainParameters } from '../network/llama.js';
import { languageModelLoss } from '../training/language-model-loss.js';
import type { Model, Weights } from '../weights.js';
import { isTernary, TERNARY_TRAINING } from './mark.js';
import { int8Activations, ternaryWeight } from './quantise-graph.js';
import { freezeTernary, quantiseTernary } from './quantise-weights.js';
import { addSubNorms } from './sub-norms.js';
import { ternaryRule } from './ternary-parameters.js';
import { randomModel, randomTensor, SMALL } from './testing.js';

const TINY = { ...SMALL, vocabSize: 24, hiddenSize: 16, intermediateSize: 24, numHeads: 2, numKvHeads: 1, headDim: 8 };
const IDS = [3, 1, 4, 1, 5, 9, 2, 6];
const LENGTH = IDS.length - 1;
const MODELS: [string, Model][] = [
  ['llama', centred(randomModel(TINY))],
  ['with sub-norms', addSubNorms(centred(randomModel(TINY)))],
];

/** Values on both sides of zero, so that all three codes occur. */
function centred(model: Model): Model {
  const weights: Weights = new Map(
    [...model.weights].map(([name, { shape, data }]) => [
      name,
      { shape, data: shape.length === 1 ? data : data.map((w) => w - 0.1) },
    ]),
  );
  return { ...model, weights };
}

/** Loss of one row, and its gradient for every weight. */
async function lossOf(model: Model, rule: ParameterRule | number, float: 'float32' | 'float64' = 'float32') {
  const graph = new Graph({ float });
  const tensors = new Map([...model.weights].map(([name, t]) => [name, graph.floatInput(name, t.shape)]));
  const constant = (from: number) => graph.constant('int32', [1, LENGTH], IDS.slice(from, from + LENGTH));
  const weights = graph.constant(float, [1, LENGTH], new Array<number>(LENGTH).fill(1 / LENGTH));
  const share = typeof rule === 'number' ? { ternaryShare: graph.scalar(rule) } : {};
  const given = typeof rule === 'function' ? rule : undefined;
  const batch = { inputIds: constant(0), targets: constant(1), weights, ...share };
  const { loss } = languageModelLoss(model.config, { rows: 1, length: LENGTH, packed: false }, given)(
    graph,
    tensors,
    batch,
  );
  const found = gradients(loss, [...tensors.values()]);
  const outputs = Object.fromEntries([...tensors.keys()].map((name, i) => [`grad.${name}`, found[i]!]));
  const session = await Session.of(graph, { loss, ...outputs }, { threads: 1 });
  const as = (data: Float32Array) => (float === 'float64' ? Float64Array.from(data) : data);
  const run = (all: Weights) =>
    session.run(
      Object.fromEntries([...all].map(([name, t]) => [name, { dtype: float, shape: t.shape, data: as(t.data) }])),
    );
  return { run, release: () => session.release() };
}

/** Every number that a rule gives: the loss first, then all gradients; −0 counts as 0. */
async function numbersOf(model: Model, rule: ParameterRule | number): Promise<Map<string, number[]>> {
  const { run, release } = await lossOf(model, rule);
  const result = await run(model.weights);
  await release();
  return new Map(Object.entries(result).map(([name, t]) => [name, Array.from(t.data as Float32Array, (v) => v + 0)]));
}

describe.each(MODELS)('a whole model, %s', (_, model) => {
  test('with nothing quantised is the floating-point one bit for bit, gradients included', async () => {
    expect(await numbersOf(model, 0)).toEqual(await numbersOf(model, plainParameters));
  });

  test('all the way is BitNet bit for bit, and is another model than the floating-point one', async () => {
    const whole = await numbersOf(model, 1);
    expect(whole).toEqual(await numbersOf(model, ternaryRule(model.config.ternary!)));
    expect(whole.get('loss')).not.toEqual((await numbersOf(model, plainParameters)).get('loss'));
  });

  test('half way is neither', async () => {
    const [none, half, all] = await Promise.all([0, 0.5, 1].map((share) => numbersOf(model, share)));
    expect(half!.get('loss')).not.toEqual(none!.get('loss'));
    expect(half!.get('loss')).not.toEqual(all!.get('loss'));
  });

  test('straight-through gradients are those of the network that multiplies with the frozen ternary values', async () => {
    const through = await numbersOf(model, ternaryRule(model.config.ternary!, { activations: false }));
    const frozen = await numbersOf(freezeTernary(model), plainParameters);
    expect(new Set(through.keys())).toEqual(new Set(frozen.keys()));
    for (const [name, values] of through)
      values.forEach((value, i) => expect(Math.abs(value - frozen.get(name)![i]!)).toBeLessThan(1e-6));
  });

  test('which finite differences confirm where the codes stay what they are', async () => {
    const { weights, config } = freezeTernary(model);
    const { run, release } = await lossOf({ ...model, config }, plainParameters, 'float64');
    const analytic = await run(weights);
    const step = 2 ** -12;
    const lossAt = async (name: string, i: number, change: number) => {
      const { shape, data } = weights.get(name)!;
      const moved = data.map((w, j) => (j === i ? w + change : w));
      const result = await run(new Map([...weights, [name, { shape, data: moved }]]));
      // Rounded to float32 on its way in, the step is what arrives.
      return { loss: Number(result['loss']!.data[0]), at: moved[i]! };
    };
    for (const name of [...weights.keys()].filter(isTernary)) {
      const { data } = analytic[`grad.${name}`]!;
      for (const i of [0, 7, 31]) {
        const [up, down] = [await lossAt(name, i, step), await lossAt(name, i, -step)];
        const slope = (up.loss - down.loss) / (up.at - down.at);
        expect(Math.abs(slope - Number(data[i]))).toBeLessThan(1e-5 + 1e-4 * Math.abs(slope));
      }
    }
    await release();
  });
});

test('the product of 8-bit and ternary codes in integers, times both scales, is that of the training graph', async () => {
  const [rows, inputs, outputs] = [5, 96, 7];
  const mark = TERNARY_TRAINING;
  const [x, weight] = [randomTensor(rows, inputs, 3), randomTensor(outputs, inputs, 4)];
  const graph = new Graph();
  const [a, w] = [graph.floatInput('a', [rows, inputs]), graph.floatInput('w', [outputs, inputs])];
  const y = matmul(int8Activations(a), ternaryWeight(w, mark), { transB: true });
  const session = await Session.of(graph, { y }, { threads: 1 });
  const result = await session.run({ a: { dtype: 'float32', ...x }, w: { dtype: 'float32', ...weight } });
  await session.release();
  const { codes, scales } = quantiseTernary(weight, mark);
  const got = result['y']!.data as Float32Array;
  for (let row = 0; row < rows; row++) {
    const token = x.data.subarray(row * inputs, (row + 1) * inputs);
    const scale = Math.fround(127 / Math.max(...token.map(Math.abs)));
    const bytes = Int8Array.from(token, (v) => halfEven(Math.fround(v * scale)));
    for (let out = 0; out < outputs; out++) {
      const sum = bytes.reduce((total, byte, i) => total + byte * codes[out * inputs + i]!, 0);
      expect(Number.isInteger(sum)).toBe(true);
      // Sums of so many terms of this size differ by their order.
      expect(Math.abs(got[row * outputs + out]! - (sum * scales[0]!) / scale)).toBeLessThan(1e-6);
    }
  }
});

function halfEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
