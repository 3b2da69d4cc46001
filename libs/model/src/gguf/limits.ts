/** A vocabulary of 260,000 tokens with its merges takes 10 MB. */
export const MAX_METADATA_BYTES = 128 * 2 ** 20;
/** Published files have fewer than 100 keys and a few thousand tensors. */
export const MAX_KEYS = 10_000;
export const MAX_TENSORS = 100_000;
/** Tokens, types, scores and merges of the largest vocabularies together, four times. Elements cost more memory than bytes. */
export const MAX_LIST_ELEMENTS = 4_000_000;
/** Longest key of the specification. */
export const MAX_KEY_BYTES = 65_535;
/** ggml keeps names in 64 bytes, the last of them zero. */
export const MAX_NAME_BYTES = 63;
/** ggml tensors have four dimensions. */
export const MAX_RANK = 4;
/** A multiple of 8 in the specification; larger ones than a page of memory have no use. */
export const MAX_ALIGNMENT = 65_536;
/** One tensor in memory, as float32: the bound of safetensors files. */
export { MAX_TENSOR_BYTES } from '../safetensors/limits.js';
