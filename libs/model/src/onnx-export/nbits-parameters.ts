import {
  type DType,
  type Graph,
  type TensorData,
  type Value,
  add,
  cast,
  concat,
  expand,
  matmul,
  matmulNBits,
  reshape,
  split,
} from '@agent-forge/tensor';
import type { InferenceParameters } from '../network/inference-parameters.js';
import { toFloat16 } from '../safetensors/half.js';
import { isTernary } from '../ternary/mark.js';
import { effectiveWeight, quantiseTernary } from '../ternary/quantise-weights.js';
import type { Model } from '../weights.js';
import { type NBitsTensor, packInt4, packTernary, stackCodes } from './pack-nbits.js';

/** Tables that are stored in half precision, and computed with in float32. */
const HALF = ['model.embed_tokens.weight', 'lm_head.weight'];

/**
 * A model's weights in a graph whose projections have few bits; embedding and head are stored in half precision. The products
 * that share an input are one. The kernel rounds activations to 8 bits by blocks of its own, so those of a ternary model are
 * not rounded before.
 */
export function nbitsParameters(graph: Graph, model: Model, encoding: 'q4' | 'q2'): InferenceParameters {
  const externals = new Map<string, TensorData>();
  const place = (name: string, dtype: DType, shape: readonly number[], data: TensorData): Value => {
    externals.set(name, data);
    return graph.external(name, dtype, shape);
  };
  const values = new Map<string, Value>();
  for (const [name, { shape, data }] of model.weights) {
    if (isTernary(name)) continue;
    if (!HALF.includes(name)) values.set(name, place(name, 'float32', shape, data));
    else {
      const halves = new Uint16Array(data.length);
      toFloat16(data, halves);
      values.set(name, cast(place(name, 'float16', shape, halves), 'float32'));
    }
  }
  const pack = (name: string): NBitsTensor => packOne(model, `${name}.weight`, encoding);
  const linears = (names: readonly string[], x: Value): Value[] => {
    const parts = names.map(pack);
    const { shape, codes } = stackCodes(parts);
    const scales = parts.map((part, i) =>
      blockScales(part, place(`${names[i]!}.scales`, 'float32', [part.scales.length, 1], part.scales)),
    );
    const stored = place(`${names.join('+')}.codes`, 'uint8', shape, codes);
    const product = matmulNBits(x, stored, concat(scales, 0), parts[0]!.format);
    const biases = names.flatMap((name) => values.get(`${name}.bias`) ?? []);
    const sum = biases.length === names.length ? add(product, concat(biases, 0)) : product;
    return split(
      sum,
      sum.shape.length - 1,
      parts.map((part) => part.shape[0]),
    );
  };
  const get = (name: string): Value => values.get(name)!;
  const linear = (name: string, x: Value): Value =>
    name === 'lm_head' ? matmul(x, get('lm_head.weight'), { transB: true }) : linears([name], x)[0]!;
  return { parameters: { get, linear, linears }, externals };
}

/** A scale for every block; where many have the same one it is repeated when the session is made, so that a file has it once. */
function blockScales({ shape: [rows, blocks], scales }: NBitsTensor, stored: Value): Value {
  const count = rows * blocks;
  return reshape(count === scales.length ? stored : expand(stored, [scales.length, count / scales.length]), [count]);
}

function packOne({ weights, config }: Model, name: string, encoding: 'q4' | 'q2'): NBitsTensor {
  const weight = weights.get(name)!;
  return encoding === 'q4'
    ? packInt4(effectiveWeight(name, weight, config))
    : packTernary(quantiseTernary(weight, config.ternary!));
}
