import {
  type Dim,
  type Value,
  add,
  attention,
  gather,
  matmul,
  mul,
  relu,
  reshape,
  rmsNorm,
  rotary,
  swiglu,
  transpose,
} from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';

/** Positions and mask of one forward pass. */
export interface SequenceInputs {
  /** int64 [batch, sequence] */
  readonly positions: Value;
  /** Added to attention scores, broadcasts to [batch, heads, sequence, keys]. */
  readonly mask: Value;
  /** Rotary tables [positions, head / 2]. */
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * Where the network gets its weights. Phases that change how a weight acts (quantiser, low-rank adapter, singular-value
 * factors) wrap `linear`; everything else stays.
 */
export interface Parameters {
  /** A tensor by its Hugging Face name. */
  get(name: string): Value;
  /** x [rows, in] times the transposed weight [out, in] of `name`, plus its bias where the model has one. */
  linear(name: string, x: Value): Value;
  /** The products of one x with several weights; where this is given, they may be computed as one. */
  linears?(names: readonly string[], x: Value): Value[];
}

/** Makes parameters out of the plain tensors, for phases that change how weights act (quantiser, adapters). */
export type ParameterRule = (tensors: ReadonlyMap<string, Value>) => Parameters;

/** Replaces attention over the sequence itself, for cached generation: gets rotated q, k and v of the new positions. */
export type AttentionRule = (layer: number, q: Value, k: Value, v: Value) => Value;

/** Plain weights: `linear` is one product, and a sum where a bias exists. */
export function plainParameters(tensors: ReadonlyMap<string, Value>): Parameters {
  const get = (name: string): Value => {
    const value = tensors.get(name);
    if (!value) throw new Error(`the network asks for ${name}, which is not there`);
    return value;
  };
  return {
    get,
    linear(name, x) {
      const y = matmul(x, get(`${name}.weight`), { transB: true });
      const bias = tensors.get(`${name}.bias`);
      return bias ? add(y, bias) : y;
    },
  };
}

/**
 * The decoder of a Llama-family model (Touvron et al. 2023, arXiv:2302.13971, section 2.2) up to the final norm.
 * @param inputIds int [batch, sequence]
 * @returns hidden states [batch · sequence, width], or [batch, sequence, width] where batch or sequence is a symbol
 */
export function llamaHidden(
  config: LlamaConfig,
  p: Parameters,
  inputIds: Value,
  inputs: SequenceInputs,
  rule?: AttentionRule,
): Value {
  return finalNorm(config, p, llamaLayers(config, p, inputIds, inputs, rule).at(-1)!);
}

/** The norm between the last layer and the head. */
export function finalNorm(config: LlamaConfig, p: Parameters, x: Value): Value {
  return rmsNorm(x, p.get('model.norm.weight'), config.rmsNormEps);
}

/** What flows through the layers: the embedding first, then the sum after each of them; arguments and shapes as of {@link llamaHidden}. */
export function llamaLayers(
  config: LlamaConfig,
  p: Parameters,
  inputIds: Value,
  inputs: SequenceInputs,
  rule?: AttentionRule,
): Value[] {
  const graph = inputIds.graph;
  const [batch, sequence] = inputIds.shape as [Dim, Dim];
  const rows = typeof batch === 'number' && typeof sequence === 'number' ? [batch * sequence] : [batch, sequence];
  const attend = rule ?? ((_layer, q, k, v) => attention({ q, k, v, mask: inputs.mask }));
  let x = reshape(gather(p.get('model.embed_tokens.weight'), inputIds), [...rows, config.hiddenSize]);
  const states = [x];
  for (let layer = 0; layer < config.numLayers; layer++) {
    const name = `model.layers.${layer}`;
    x = graph.scope(name, () => {
      const h = add(x, attentionBlock(config, p, name, layer, x, [batch, sequence], inputs, attend));
      const n = rmsNorm(h, p.get(`${name}.post_attention_layernorm.weight`), config.rmsNormEps);
      const [gate, up] = linears(p, [`${name}.mlp.gate_proj`, `${name}.mlp.up_proj`], n) as [Value, Value];
      const fed = subNorm(config, p, `${name}.mlp.ffn_sub_norm`, gated(config, gate, up));
      return add(h, p.linear(`${name}.mlp.down_proj`, fed));
    });
    states.push(x);
  }
  return states;
}

function attentionBlock(
  config: LlamaConfig,
  p: Parameters,
  name: string,
  layer: number,
  x: Value,
  [batch, sequence]: [Dim, Dim],
  inputs: SequenceInputs,
  attend: AttentionRule,
): Value {
  const { numHeads, numKvHeads, headDim } = config;
  const n = rmsNorm(x, p.get(`${name}.input_layernorm.weight`), config.rmsNormEps);
  const projections = ['q_proj', 'k_proj', 'v_proj'].map((projection) => `${name}.self_attn.${projection}`);
  const [q, k, v] = linears(p, projections, n) as [Value, Value, Value];
  const heads = (x: Value, count: number): Value =>
    transpose(reshape(x, [batch, sequence, count, headDim]), [0, 2, 1, 3]);
  const turn = (v: Value): Value => rotary(v, inputs.positions, inputs.cos, inputs.sin);
  const out = attend(layer, turn(heads(q, numHeads)), turn(heads(k, numKvHeads)), heads(v, numKvHeads));
  const flat = reshape(transpose(out, [0, 2, 1, 3]), [...x.shape.slice(0, -1), numHeads * headDim]);
  return p.linear(`${name}.self_attn.o_proj`, subNorm(config, p, `${name}.self_attn.attn_sub_norm`, flat));
}

/** The gated activation: silu(gate) · up, or relu(gate)² · up (arXiv:2504.12285, section 2). */
function gated(config: LlamaConfig, gate: Value, up: Value): Value {
  if (config.activation !== 'relu2') return swiglu(gate, up);
  const positive = relu(gate);
  return mul(mul(positive, positive), up);
}

/** The norm that bitnet has before a projection into the residual stream; other architectures have none. */
function subNorm(config: LlamaConfig, p: Parameters, name: string, x: Value): Value {
  return config.architecture === 'bitnet' ? rmsNorm(x, p.get(`${name}.weight`), config.rmsNormEps) : x;
}

function linears(p: Parameters, names: readonly string[], x: Value): Value[] {
  return p.linears?.(names, x) ?? names.map((name) => p.linear(name, x));
}

/** Logits [..., vocabulary] of hidden states [..., width]: the head, or the embedding where they are tied. */
export function llamaLogits(config: LlamaConfig, p: Parameters, hidden: Value): Value {
  return config.tieWordEmbeddings
    ? matmul(hidden, p.get('model.embed_tokens.weight'), { transB: true })
    : p.linear('lm_head', hidden);
}
