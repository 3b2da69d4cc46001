import type { WeightTensor } from '../weights.js';

/** GGUF's names of the parts of a layer, and Hugging Face's. */
const LAYER_PARTS: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_sub_norm: 'self_attn.attn_sub_norm',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_sub_norm: 'mlp.ffn_sub_norm',
  ffn_down: 'mlp.down_proj',
};
const TOP_PARTS: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};

const inverted = (record: Readonly<Record<string, string>>) =>
  new Map(Object.entries(record).map(([gguf, hf]) => [hf, gguf]));
const [LAYER_OF_HF, TOP_OF_HF] = [inverted(LAYER_PARTS), inverted(TOP_PARTS)];

/** The name that a tensor has in a GGUF file. */
export function ggufName(name: string): string {
  const [, part, kind] = /^(.*)\.(weight|bias)$/.exec(name)!;
  const [, layer, inner] = /^model\.layers\.(\d+)\.(.*)$/.exec(part!) ?? [];
  return inner === undefined ? `${TOP_OF_HF.get(part!)}.${kind}` : `blk.${layer}.${LAYER_OF_HF.get(inner)}.${kind}`;
}

/** The Hugging Face name of a tensor of a GGUF file; null where there is none. */
export function hfName(name: string): string | null {
  const [, layer, part, kind] = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(name) ?? [];
  const parts = layer === undefined ? TOP_PARTS : LAYER_PARTS;
  if (part === undefined || !Object.hasOwn(parts, part)) return null;
  return layer === undefined ? `${parts[part]}.${kind}` : `model.layers.${layer}.${parts[part]}.${kind}`;
}

/**
 * Llama files of ggml rotate neighbouring elements (2i, 2i + 1) where Hugging Face rotates the halves (i, i + head/2): rows of
 * q and k are put in that order, which leaves every score as it is.
 * @param back from ggml's order to Hugging Face's
 */
export function permuteHeads({ shape, data }: WeightTensor, headDim: number, back = false): WeightTensor {
  const width = shape.length === 1 ? 1 : shape[1]!;
  const half = headDim / 2;
  const out = new Float32Array(data.length);
  for (let row = 0; row < shape[0]!; row++) {
    const [start, i] = [row - (row % headDim), row % headDim];
    // Element j · half + i of a head goes to 2i + j.
    const other = start + 2 * (i % half) + Math.floor(i / half);
    const [from, to] = back ? [other, row] : [row, other];
    out.set(data.subarray(from * width, (from + 1) * width), to * width);
  }
  return { shape, data: out };
}

/** Whether rows of a tensor (by its Hugging Face name) are permuted in files of an architecture. */
export function isPermuted(name: string, architecture: string): boolean {
  return architecture === 'llama' && /\.self_attn\.[qk]_proj\./.test(name);
}
