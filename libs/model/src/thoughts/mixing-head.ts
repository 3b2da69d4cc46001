import { type Value, add, concat, matmul, mul, relu, sub } from '@agent-forge/tensor';
import { Rng } from '@agent-forge/contracts';
import type { Weights } from '../weights.js';

/** Tensors of a mixing head, by name. */
const LAYERS = ['mixing_head.0', 'mixing_head.1', 'mixing_head.2'] as const;

/**
 * A head that says how much of a thought goes into a prediction: an MLP of concat(h, h_thought) to one number (Quiet-STaR, section 4.3). Its last
 * layer is zero, so that a new head changes nothing.
 * @param width of the hidden states
 * @param start another share that a new head gives to every thought, for thoughts that were taught
 */
export function initMixingHead(width: number, seed: number | string, start = 0): Weights {
  const matrix = (name: string, rows: number, columns: number) => {
    const rng = Rng.derive(seed, name);
    const scale = 1 / Math.sqrt(columns);
    return Float32Array.from({ length: rows * columns }, () => scale * rng.normal());
  };
  return new Map([
    [`${LAYERS[0]}.weight`, { shape: [width, 2 * width], data: matrix(LAYERS[0], width, 2 * width) }],
    [`${LAYERS[0]}.bias`, { shape: [width], data: new Float32Array(width) }],
    [`${LAYERS[1]}.weight`, { shape: [width, width], data: matrix(LAYERS[1], width, width) }],
    [`${LAYERS[1]}.bias`, { shape: [width], data: new Float32Array(width) }],
    [`${LAYERS[2]}.weight`, { shape: [1, width], data: new Float32Array(width) }],
    [`${LAYERS[2]}.bias`, { shape: [1], data: Float32Array.of(start) }],
  ]);
}

/**
 * The share of the thought, not bounded, as in the reference implementation.
 * @param base hidden states [n, width] without, @param thought [n, width] with a thought
 * @returns [n, 1]
 */
export function mixingWeight(tensors: ReadonlyMap<string, Value>, base: Value, thought: Value): Value {
  const layer = (name: string, x: Value) =>
    add(matmul(x, tensors.get(`${name}.weight`)!, { transB: true }), tensors.get(`${name}.bias`)!);
  const first = relu(layer(LAYERS[0], concat([base, thought], 1)));
  return layer(LAYERS[2], relu(layer(LAYERS[1], first)));
}

/** (1 − w) · base + w · thought, written so that w = 0 gives base to the last bit. */
export function mix(base: Value, thought: Value, weight: Value): Value {
  return add(base, mul(weight, sub(thought, base)));
}
