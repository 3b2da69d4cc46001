import { Rng } from '@agent-forge/contracts';
import {
  type FloatType,
  Graph,
  type HostTensor,
  Session,
  TrainLoop,
  type Value,
  buildTrainProgram,
  gradients,
  sgd,
} from '@agent-forge/tensor';
import { describe, expect, test } from '@jest/globals';
import type { LlamaConfig } from '../config.js';
import { batchFields, languageModelLoss, sequenceInputs } from '../training/language-model-loss.js';
import { parametersOf } from '../training/optimizer-options.js';
import { expectedShapes } from '../weights.js';
import { llamaHidden, llamaLogits, plainParameters } from './llama.js';

/** Two layers, grouped heads, untied head: small enough to try every single element. */
const LLAMA: LlamaConfig = {
  architecture: 'llama',
  vocabSize: 11,
  hiddenSize: 16,
  intermediateSize: 20,
  numLayers: 2,
  numHeads: 4,
  numKvHeads: 2,
  headDim: 4,
  rmsNormEps: 1e-5,
  ropeTheta: 100,
  ropeScaling: null,
  maxPositionEmbeddings: 32,
  tieWordEmbeddings: false,
  attentionBias: false,
  bosTokenId: null,
  eosTokenId: [],
  padTokenId: null,
  initializerRange: 0.02,
};
/** Biases, a tied head and a head size of its own. */
const QWEN: LlamaConfig = {
  ...LLAMA,
  architecture: 'qwen2',
  headDim: 6,
  tieWordEmbeddings: true,
  attentionBias: true,
  ropeScaling: { type: 'linear', factor: 2 },
};
const MODELS = [
  { name: 'llama, one text per row', config: LLAMA, packed: false },
  { name: 'qwen2, two items packed into a row', config: QWEN, packed: true },
];
const [ROWS, LENGTH] = [2, 6];
/** Tokens of the first item of a packed row. */
const FIRST_ITEM = 4;

/** Central differences in float64 with the step that balances their error against rounding, as in libs/tensor. */
const STEP = 1e-5;
const TOLERANCE = 1e-5;

/** Weights far from their first values, so that no part of the gradient is small by accident; the same numbers in both types. */
function weightsOf(config: LlamaConfig): Map<string, { shape: number[]; data: Float32Array }> {
  const entries = [...expectedShapes(config)].map(([name, shape]) => {
    const rng = Rng.derive(3, 'llama.spec', name);
    const size = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: size }, () => (shape.length === 1 ? 1 : 0) + 0.4 * rng.normal());
    return [name, { shape, data }] as const;
  });
  return new Map(entries);
}

type Arrays = Readonly<Record<string, Int32Array | Float32Array | BigInt64Array>>;

/** Seeded ids and targets, a third of the targets masked; in packed rows, two items each. */
function batchOf(config: LlamaConfig, packed: boolean): Arrays {
  const rng = Rng.derive(4, 'llama.spec batch');
  const size = ROWS * LENGTH;
  const ids = () => Int32Array.from({ length: size }, () => rng.int(config.vocabSize));
  const kept = Float32Array.from({ length: size }, (_, i) => Number(i % 3 !== 1));
  const fields = { inputIds: ids(), targets: ids(), weights: kept.map((w) => w / kept.reduce((a, b) => a + b, 0)) };
  if (!packed) return fields;
  const column = (i: number) => i % LENGTH;
  const positionIds = BigInt64Array.from({ length: size }, (_, i) => BigInt(column(i) % FIRST_ITEM));
  return {
    ...fields,
    positionIds,
    segmentIds: Float32Array.from({ length: size }, (_, i) => Number(column(i) >= FIRST_ITEM)),
  };
}

/** Loss and gradients, or the logits, of a whole model as one graph of either float type. */
class WholeModel {
  readonly graph: Graph;
  readonly parameters: Map<string, Value>;
  readonly feeds: Record<string, HostTensor> = {};
  private readonly batch: Record<string, Value>;

  constructor(
    private readonly config: LlamaConfig,
    private readonly packed: boolean,
    float: FloatType,
  ) {
    this.graph = new Graph({ float });
    const weights = [...weightsOf(config)];
    const typed = (data: Float32Array) => (float === 'float64' ? Float64Array.from(data) : data);
    this.parameters = new Map(weights.map(([name, { shape }]) => [name, this.graph.floatInput(name, shape)]));
    for (const [name, { shape, data }] of weights) this.feeds[name] = { dtype: float, shape, data: typed(data) };
    const arrays = batchOf(config, packed);
    const fields = Object.entries(batchFields({ rows: ROWS, length: LENGTH, packed }));
    this.batch = Object.fromEntries(
      fields.map(([name, { dtype, shape }]) => {
        const own = dtype === 'float32' ? float : dtype;
        const data = arrays[name]!;
        this.feeds[`batch/${name}`] = { dtype: own, shape, data: data instanceof Float32Array ? typed(data) : data };
        return [name, this.graph.input(`batch/${name}`, own, shape)];
      }),
    );
  }

  private get shape() {
    return { rows: ROWS, length: LENGTH, packed: this.packed };
  }

  loss(): Value {
    return languageModelLoss(this.config, this.shape)(this.graph, this.parameters, this.batch).loss;
  }

  logits(): Value {
    const p = plainParameters(this.parameters);
    const inputs = sequenceInputs(this.graph, this.config, this.shape, this.batch);
    return llamaLogits(this.config, p, llamaHidden(this.config, p, this.batch['inputIds']!, inputs));
  }

  async run<K extends string>(outputs: Readonly<Record<K, Value>>): Promise<Record<K, HostTensor>> {
    const session = await Session.of(this.graph, outputs, { threads: 1 });
    const results = await session.run(this.feeds);
    await session.release();
    return results as Record<K, HostTensor>;
  }
}

async function gradientsOf(model: WholeModel): Promise<Map<string, number[]>> {
  const names = [...model.parameters.keys()];
  const found = gradients(model.loss(), [...model.parameters.values()]);
  const results = await model.run(Object.fromEntries(names.map((name, i) => [`grad/${name}`, found[i]!])));
  return new Map(names.map((name) => [name, Array.from(results[`grad/${name}`]!.data as Float64Array)]));
}

/** Largest |a − b| over max(|b|, 1 % of the largest |b| of the tensor). */
function relativeError(a: readonly number[], b: readonly number[]): number {
  const floor = 0.01 * Math.max(...b.map(Math.abs));
  return Math.max(...b.map((v, i) => Math.abs(a[i]! - v) / Math.max(Math.abs(v), floor)));
}

describe.each(MODELS)('$name', ({ config, packed }) => {
  test('the gradient of every single parameter element is its central difference in float64', async () => {
    const model = new WholeModel(config, packed, 'float64');
    const exact = await gradientsOf(model);
    const session = await Session.of(model.graph, { loss: model.loss() }, { threads: 1 });
    const lossNow = async () => (await session.run(model.feeds))['loss']!.data[0] as number;
    const errors: [string, number][] = [];
    for (const [name, gradient] of exact) {
      const data = model.feeds[name]!.data as Float64Array;
      const numeric: number[] = [];
      for (let i = 0; i < data.length; i++) {
        const x = data[i]!;
        data[i] = x + STEP;
        const above = await lossNow();
        data[i] = x - STEP;
        numeric.push((above - (await lossNow())) / (2 * STEP));
        data[i] = x;
      }
      errors.push([name, relativeError(gradient, numeric)]);
    }
    await session.release();
    expect(errors).toHaveLength(expectedShapes(config).size);
    expect(errors.filter(([, error]) => !(error < TOLERANCE))).toEqual([]);
  });

  test('the float32 graph that trains, fused and inside Scan, has the same loss and gradients to 1e-4', async () => {
    const wide = new WholeModel(config, packed, 'float64');
    const exact = await gradientsOf(wide);
    const loss = (await wide.run({ loss: wide.loss() })).loss.data[0] as number;
    const shape = { rows: ROWS, length: LENGTH, packed };
    const weights = weightsOf(config);
    const program = buildTrainProgram({
      parameters: parametersOf(weights),
      batch: batchFields(shape),
      loss: languageModelLoss(config, shape),
      // One step moves every parameter by exactly its gradient.
      optimizer: sgd({ learningRate: 1, momentum: 0 }),
    });
    const before = new Map([...weights].map(([name, { data }]) => [name, data]));
    const loop = await TrainLoop.create(program, before, { threads: 1 });
    const [report] = await loop.advance([batchOf(config, packed)], () => 1);
    const moved = [...before].map(([name, data]) => Array.from(data, (v, i) => v - Number(loop.value(name)[i])));
    await loop.release();
    const [got, want] = [moved.flat(), [...exact.values()].flat()];
    expect(Math.abs(report!.loss - loss) / loss).toBeLessThan(1e-4);
    expect(Math.hypot(...got.map((v, i) => v - want[i]!)) / Math.hypot(...want)).toBeLessThan(1e-4);
  });

  test('a token changes no logit before it, nor of another item, to the last bit', async () => {
    const logits = async (changed: number | null) => {
      const model = new WholeModel(config, packed, 'float32');
      const ids = model.feeds['batch/inputIds']!.data as Int32Array;
      if (changed !== null) ids[changed] = (ids[changed]! + 1) % config.vocabSize;
      return Array.from((await model.run({ logits: model.logits() })).logits.data as Float32Array);
    };
    const plain = await logits(null);
    for (let at = 0; at < LENGTH; at++) {
      const changed = await logits(at);
      const end = packed && at < FIRST_ITEM ? FIRST_ITEM : LENGTH;
      for (let t = 0; t < ROWS * LENGTH; t++) {
        const row = (all: number[]) => all.slice(t * config.vocabSize, (t + 1) * config.vocabSize);
        const same = JSON.stringify(row(changed)) === JSON.stringify(row(plain));
        expect({ at, t, same }).toEqual({ at, t, same: t < at || t >= end });
      }
    }
  });
});
