/** How an ONNX export holds its projections: as float32, as blocks of 4 bits, or as ternary codes of 2 bits. */
export type OnnxEncoding = 'fp32' | 'q4' | 'q2';

/** File names that transformers.js looks for, by its names of data types. */
const SUFFIX = { fp32: '', q4: '_q4', q2: '_q2' } as const;

/** The file of an encoding, inside the model folder. */
export function onnxFile(encoding: OnnxEncoding): string {
  return `onnx/model${SUFFIX[encoding]}.onnx`;
}

/** Names of a model's cache inputs and outputs, in the order of the layers, as transformers.js has them. */
export function cacheNames(prefix: string, numLayers: number): string[] {
  return Array.from({ length: numLayers }, (_, i) => [`${prefix}.${i}.key`, `${prefix}.${i}.value`]).flat();
}

export const PAST = 'past_key_values';
export const PRESENT = 'present';
