import { fromFloat16, toFloat16 } from '../safetensors/half.js';
import type { Model, WeightTensor } from '../weights.js';
import { type TernaryMark, isTernary } from './mark.js';
import { SMALLEST_SCALE } from './quantise-graph.js';

/** A ternary matrix: element [r, c] is codes[r · in + c] · scales[r], or · scales[0] where there is one scale for all. */
export interface TernaryTensor {
  /** [out, in] */
  readonly shape: readonly [number, number];
  /** −1, 0 or 1, in C order. */
  readonly codes: Int8Array;
  /** One for the tensor, or one for each row. */
  readonly scales: Float32Array;
}

/**
 * The ternary form of a weight: what every forward pass, export and packed file of a marked model holds. An `online`
 * weight is quantised by its mean (arXiv:2402.17764, equations 1 to 3; halves go to the even neighbour); the scale of an
 * `offline` one is what its values are, since the mean of a ternary matrix is not the scale it was made with.
 */
export function quantiseTernary({ shape, data }: WeightTensor, mark: TernaryMark): TernaryTensor {
  const [rows, columns] = shape as [number, number];
  const groups = mark.scaleAxis === 'channel' ? rows : 1;
  const size = (rows * columns) / groups;
  const codes = new Int8Array(data.length);
  const scales = new Float32Array(groups);
  for (let group = 0; group < groups; group++) {
    const part = data.subarray(group * size, (group + 1) * size);
    const into = codes.subarray(group * size, (group + 1) * size);
    scales[group] = mark.mode === 'offline' ? largest(part) : snapped(Math.max(meanOf(part), SMALLEST_SCALE), mark);
    encode(part, scales[group]!, into);
  }
  return { shape: [rows, columns], codes, scales };
}

/** Codes of values at a scale; beyond ±½ of it (which goes to the even neighbour, 0) they are ±1. */
function encode(values: Float32Array, scale: number, codes: Int8Array): void {
  for (let i = 0; i < values.length; i++) {
    const ratio = Math.fround(values[i]! / scale);
    codes[i] = ratio > 0.5 ? 1 : ratio < -0.5 ? -1 : 0;
  }
}

/** A scale on the grid that the mark asks for. */
function snapped(scale: number, { scaleGrid }: TernaryMark): number {
  return scaleGrid === 'float16' ? roundToHalf(scale) : Math.fround(scale);
}

/** The nearest half-precision number. */
export function roundToHalf(x: number): number {
  const half = new Uint16Array(1);
  const single = Float32Array.of(x);
  toFloat16(single, half);
  fromFloat16(half, single);
  return single[0]!;
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum / values.length;
}

function largest(values: Float32Array): number {
  let max = 0;
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!));
  return max;
}

/** The values of a ternary tensor. */
export function dequantise({ shape, codes, scales }: TernaryTensor): WeightTensor {
  const data = new Float32Array(codes.length);
  const size = codes.length / scales.length;
  for (let group = 0; group < scales.length; group++) {
    const scale = scales[group]!;
    for (let i = group * size; i < (group + 1) * size; i++) data[i] = codes[i]! * scale;
  }
  return { shape, data };
}

/** The weights that the forward pass of a model multiplies with: quantised where its configuration carries the mark. */
export function effectiveWeight(name: string, tensor: WeightTensor, { ternary }: Model['config']): WeightTensor {
  if (ternary === undefined || ternary.mode === 'offline' || !isTernary(name)) return tensor;
  return dequantise(quantiseTernary(tensor, ternary));
}

/**
 * The same model with its ternary values for weights: what remains of it in an export. It scores the same and can no
 * longer be trained.
 */
export function freezeTernary(model: Model): Model {
  const { ternary } = model.config;
  if (ternary === undefined) return model;
  const weights = new Map([...model.weights].map(([name, t]) => [name, effectiveWeight(name, t, model.config)]));
  return { ...model, config: { ...model.config, ternary: { ...ternary, mode: 'offline' } }, weights };
}
