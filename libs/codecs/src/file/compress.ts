import type { WeightTensor } from '@agent-forge/model';
import type { Sample } from '../codec.js';
import { codecOf } from '../codecs.js';
import type { CompressedTensor } from './compressed-model.js';

/** Tensors that one codec is to store, with their second moments where they are known. */
export type Named = ReadonlyMap<string, Sample>;

/** The tables that a codec's tensors share; undefined where it has none. */
export function sharedOf(codec: string, tensors: Named): Uint8Array | undefined {
  return codecOf(codec).share?.([...tensors.values()]);
}

/** One tensor, stored. */
export function compress(codec: string, { tensor, moments }: Sample, shared: Uint8Array | undefined): CompressedTensor {
  const context = { ...(shared ? { shared } : {}), ...(moments ? { moments } : {}) };
  return { codec, shape: tensor.shape, bytes: codecOf(codec).encode(tensor, context) };
}

/** Its values again. */
export function decompress({ codec, shape, bytes }: CompressedTensor, shared?: Uint8Array): WeightTensor {
  return { shape, data: codecOf(codec).decode(bytes, shape, shared) };
}
