/* A second, light door: tensors in files and their audit, without networks and engine, for threads that must start fast. */
export * from './safetensors/dtype.js';
export * from './safetensors/half.js';
export * from './safetensors/tensor-source.js';
export * from './safetensors/open-safetensors.js';
export * from './audit.js';
export { foreignFormat, SIGNATURE_BYTES } from './safetensors/foreign-formats.js';
export * from './tokenizer/think-tokens.js';
