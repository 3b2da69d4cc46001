import { type Value, add, matmul } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { type ParameterRule, plainParameters } from '../network/llama.js';
import type { TernaryMark } from './mark.js';
import { blend, int8Activations, ternaryWeight } from './quantise-graph.js';

/** How far quantisation goes in one forward pass. */
export interface TernaryOptions {
  /** Scalar from 0, nothing is quantised, to 1 (default), everything is: the way from a floating-point model to a ternary one. */
  readonly share?: Value;
  /** False leaves activations as they are, which isolates the effect of ternary weights. */
  readonly activations?: boolean;
}

/**
 * Parameters whose projections quantise weight and activations in the graph, with gradients that pass straight through.
 * Embedding, head and norms stay as they are.
 */
export function ternaryRule(mark: TernaryMark, options: TernaryOptions = {}): ParameterRule {
  return (tensors) => {
    const plain = plainParameters(tensors);
    const weights = memo((name: string) => {
      const weight = plain.get(`${name}.weight`);
      if (mark.mode === 'offline') return weight;
      return partly(weight, ternaryWeight(weight, mark), options.share);
    });
    const activations = sharedActivations(options);
    return {
      get: (name) => plain.get(name),
      linear(name, x) {
        if (name === 'lm_head') return plain.linear(name, x);
        const y = matmul(activations(x), weights(name), { transB: true });
        const bias = tensors.get(`${name}.bias`);
        return bias ? add(y, bias) : y;
      },
    };
  };
}

/** Quantised activations, computed once for all projections of one input. */
export function sharedActivations({ share, activations = true }: TernaryOptions = {}): (x: Value) => Value {
  return memo((x: Value) => (activations ? partly(x, int8Activations(x), share) : x));
}

/** How a model's weights act when nothing else is said: through the quantiser where its configuration carries the mark. */
export function parameterRule(config: LlamaConfig, options: TernaryOptions = {}): ParameterRule {
  return config.ternary ? ternaryRule(config.ternary, options) : plainParameters;
}

function partly(x: Value, quantised: Value, share: Value | undefined): Value {
  return share ? blend(x, quantised, share) : quantised;
}

function memo<K, V>(compute: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.get(key) ?? compute(key);
    known.set(key, value);
    return value;
  };
}
