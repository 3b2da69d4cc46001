import { basename } from 'node:path';
import { assertAudit, auditWeights } from '../audit.js';
import type { LlamaConfig } from '../config.js';
import { rotaryFrequencies } from '../network/rope.js';
import { isTernary } from '../ternary/mark.js';
import { effectiveWeight } from '../ternary/quantise-weights.js';
import { type Model, type WeightTensor, expectedShapes } from '../weights.js';
import { encodeValues } from './blocks.js';
import { type GgufTensorType, type GgufValue, TENSOR_TYPES } from './format.js';
import { architectureMetadata } from './model-metadata.js';
import { ggufName, isPermuted, permuteHeads } from './names.js';
import { tokenizerMetadata } from './tokenizer-metadata.js';
import { type GgufTensorSpec, writeGguf } from './write-gguf.js';

export interface WriteGgufOptions {
  /** How projections are stored; default `TQ2_0` for a model with the ternary mark, else `F16`. */
  readonly encoding?: GgufTensorType;
  /** How embedding and head are stored; default `F16`, and `F32` beside projections in `F32`. */
  readonly tables?: 'F32' | 'F16';
  readonly name?: string;
}

/** `general.file_type` */
const FILE_TYPES: Readonly<Record<GgufTensorType, number>> = { F32: 0, F16: 1, Q4_0: 2, Q8_0: 7, TQ1_0: 36, TQ2_0: 37 };
/** Factors of the rotary frequencies, which llama.cpp divides by. */
const ROPE_FACTORS = 'rope_freqs.weight';

/**
 * Writes a model as a GGUF file for llama.cpp, tokenizer included. The ternary types are lossless for a model with the mark whose
 * scales are on the grid of half precision; rows that are no multiple of a type's block are stored in half precision instead.
 * Norms are float32.
 * @throws ForgeError `UNSUPPORTED_FORMAT` for an activation, head or tokenizer that llama.cpp treats otherwise; `AUDIT_FAILED`,
 *   `STORE_UNAVAILABLE`
 */
export async function writeGgufModel(path: string, model: Model, options: WriteGgufOptions = {}): Promise<void> {
  const { config, weights, tokenizer } = model;
  const { encoding = config.ternary ? 'TQ2_0' : 'F16', name = basename(path, '.gguf') } = options;
  const tables = options.tables ?? (encoding === 'F32' ? 'F32' : 'F16');
  assertAudit(await auditWeights(config, weights, tokenizer), path);
  const metadata = new Map<string, GgufValue>([
    ...architectureMetadata(config),
    ['general.name', { type: 'string', value: name }],
    ['general.file_type', { type: 'u32', value: FILE_TYPES[encoding] }],
    ['general.quantization_version', { type: 'u32', value: 2 }],
    ...tokenizerMetadata(config, tokenizer),
  ]);
  const specs = new Map<string, GgufTensorSpec>();
  const sources = new Map<string, () => WeightTensor>();
  for (const [hf, shape] of expectedShapes(config)) {
    const type = shape.length === 1 ? 'F32' : isTernary(hf) ? fitting(encoding, shape) : tables;
    specs.set(ggufName(hf), { type, shape });
    sources.set(ggufName(hf), () => stored(hf, weights.get(hf)!, config));
  }
  const factors = ropeFactors(config);
  if (factors) {
    specs.set(ROPE_FACTORS, { type: 'F32', shape: factors.shape });
    sources.set(ROPE_FACTORS, () => factors);
  }
  await writeGguf(path, metadata, specs, (tensor) =>
    encodeValues(specs.get(tensor)!.type, sources.get(tensor)!().data),
  );
}

/** The type itself, or half precision where rows are not whole blocks of it. */
function fitting(type: GgufTensorType, shape: readonly number[]): GgufTensorType {
  return shape.at(-1)! % TENSOR_TYPES[type].block === 0 ? type : 'F16';
}

/** What the forward pass multiplies with, in the order of rows that ggml has. */
function stored(name: string, tensor: WeightTensor, config: LlamaConfig): WeightTensor {
  const effective = effectiveWeight(name, tensor, config);
  return isPermuted(name, config.architecture) ? permuteHeads(effective, config.headDim) : effective;
}

/** For the scaling of Llama 3.1, which has no keys: what each frequency is divided by. */
function ropeFactors(config: LlamaConfig): WeightTensor | null {
  if (config.ropeScaling?.type !== 'llama3') return null;
  const [plain, scaled] = [rotaryFrequencies({ ...config, ropeScaling: null }), rotaryFrequencies(config)];
  return { shape: [plain.length], data: Float32Array.from(plain, (f, i) => f / scaled[i]!) };
}
