import { ForgeError } from '@agent-forge/contracts';
import { blocks } from './blocks/blocks.js';
import type { Codec } from './codec.js';
import { entropyCodedTernary } from './rans/entropy-coded-ternary.js';
import { SEED_SHAPES, seedlm } from './seedlm/seedlm.js';
import { VECTOR_SHAPES, vectorQuantiser } from './vq/vector-quantiser.js';

/** Every codec, by the name that compressed files call it by. */
const CODECS: ReadonlyMap<string, Codec> = new Map(
  [
    blocks('f32', 'F32'),
    blocks('f16', 'F16'),
    blocks('int8', 'Q8_0'),
    blocks('int4', 'Q4_0'),
    blocks('tq2', 'TQ2_0'),
    blocks('tq1', 'TQ1_0'),
    entropyCodedTernary,
    seedlm('seedlm4', SEED_SHAPES.seedlm4),
    seedlm('seedlm3', SEED_SHAPES.seedlm3),
    vectorQuantiser('vq2', VECTOR_SHAPES.vq2),
    vectorQuantiser('vq3', VECTOR_SHAPES.vq3),
  ].map((codec) => [codec.name, codec]),
);

export const CODEC_NAMES: readonly string[] = [...CODECS.keys()];

/** @throws ForgeError UNSUPPORTED_FORMAT for a name that there is no codec of */
export function codecOf(name: string): Codec {
  const codec = CODECS.get(name);
  if (codec === undefined)
    throw new ForgeError('UNSUPPORTED_FORMAT', `there is no codec ${name}, only ${CODEC_NAMES.join(', ')}`);
  return codec;
}
