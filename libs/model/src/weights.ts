import type { LlamaConfig } from './config.js';
import type { Tokenizer } from './tokenizer/tokenizer.js';

/** A tensor in C order, in float32 whatever its file says. */
export interface WeightTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Tensors by their Hugging Face names; a tied `lm_head.weight` is absent. */
export type Weights = Map<string, WeightTensor>;

/** Weights that are read on demand, one tensor at a time. Names as in {@link Weights}. */
export interface LazyWeights {
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** @param ahead names that will be read next, in this order, for those who can begin with them meanwhile */
  read(name: string, ahead?: readonly string[]): Promise<WeightTensor>;
  /**
   * The same values as they will be stored, in C order: for those who round and audit values where they make them. Absent
   * where whoever writes does both.
   */
  readStored?(name: string, ahead: readonly string[]): Promise<Uint8Array>;
}

/** A whole model in memory. */
export interface Model {
  readonly config: LlamaConfig;
  readonly weights: Weights;
  readonly tokenizer: Tokenizer | null;
}

/** Every tensor that a model of this configuration has, with its shape, in the order of the layers. */
export function expectedShapes(c: LlamaConfig): Map<string, number[]> {
  const shapes = new Map<string, number[]>([['model.embed_tokens.weight', [c.vocabSize, c.hiddenSize]]]);
  const [q, kv] = [c.numHeads * c.headDim, c.numKvHeads * c.headDim];
  for (let layer = 0; layer < c.numLayers; layer++) {
    const set = (name: string, ...shape: number[]) => shapes.set(`model.layers.${layer}.${name}`, shape);
    set('input_layernorm.weight', c.hiddenSize);
    for (const [name, rows] of [
      ['q', q],
      ['k', kv],
      ['v', kv],
    ] as const) {
      set(`self_attn.${name}_proj.weight`, rows, c.hiddenSize);
      if (c.attentionBias) set(`self_attn.${name}_proj.bias`, rows);
    }
    if (c.architecture === 'bitnet') set('self_attn.attn_sub_norm.weight', c.hiddenSize);
    set('self_attn.o_proj.weight', c.hiddenSize, q);
    set('post_attention_layernorm.weight', c.hiddenSize);
    set('mlp.gate_proj.weight', c.intermediateSize, c.hiddenSize);
    set('mlp.up_proj.weight', c.intermediateSize, c.hiddenSize);
    if (c.architecture === 'bitnet') set('mlp.ffn_sub_norm.weight', c.intermediateSize);
    set('mlp.down_proj.weight', c.hiddenSize, c.intermediateSize);
  }
  shapes.set('model.norm.weight', [c.hiddenSize]);
  if (!c.tieWordEmbeddings) shapes.set('lm_head.weight', [c.vocabSize, c.hiddenSize]);
  return shapes;
}

export function parameterCount(c: LlamaConfig): number {
  let n = 0;
  for (const shape of expectedShapes(c).values()) n += shape.reduce((a, b) => a * b, 1);
  return n;
}
