import type { WeightTensor } from '@agent-forge/model';
import { BitReader, BitWriter } from '../bits.js';
import { assertSize, elementsOf, type Codec } from '../codec.js';
import { HALF_BYTES, halvesOf, readHalves, scaleOf } from '../half.js';
import { SeedBases, type SeedShape } from './basis.js';
import { MIN_CODE } from './brute-force.js';
import { SeedSearch } from './search.js';

/** Bits of the exponent, and of each coefficient. */
const CODE_BITS = 4;
/** Weights that are made doubles at a time, in whole blocks of either shape. */
const STRETCH = 8 * 12 * 1024;

/** Shapes of the paper: 4 and 3 bits for a weight. */
export const SEED_SHAPES = {
  seedlm4: { block: 8, columns: 3, bits: 16 },
  seedlm3: { block: 12, columns: 4, bits: 16 },
} as const satisfies Record<string, SeedShape>;

/**
 * SeedLM (Shafipour et al. 2024, arXiv:2410.10714): each block of consecutive weights is a seed, whose shift register makes a random basis, and a few
 * coefficients of four bits with a common exponent. The paper's exponents are absolute; here a tensor is divided by its root mean square first, which is
 * stored in half precision, so that small weights keep their digits. The seeds are the best ones of all, not the best of some.
 * @param places how many seeds may be chosen from; all by default
 */
export function seedlm(name: string, shape: SeedShape, places?: number): Codec {
  const { block, columns, bits } = shape;
  const blockBits = bits + CODE_BITS + CODE_BITS * columns;
  const blocksOf = (dimensions: readonly number[]) => Math.ceil(elementsOf(dimensions) / block);
  const codec: Codec = {
    name,
    sizeBytes: (dimensions) => HALF_BYTES + Math.ceil((blocksOf(dimensions) * blockBits) / 8),
    encode(tensor) {
      const bytes = new Uint8Array(codec.sizeBytes(tensor.shape)!);
      const scale = scaleOf(tensor.data);
      bytes.set(halvesOf([scale]));
      const out = new BitWriter(bytes.subarray(HALF_BYTES));
      const search = SeedSearch.of(shape);
      for (const stretch of stretches(tensor, scale, block))
        search.search(
          stretch,
          ({ place, exponent, mantissas }) => {
            out.write(search.bases.seeds[place]!, bits);
            out.write(exponent - MIN_CODE, CODE_BITS);
            for (const mantissa of mantissas) out.write(mantissa - MIN_CODE, CODE_BITS);
          },
          places,
        );
      return bytes;
    },
    decode(bytes, dimensions) {
      assertSize(codec, bytes, dimensions);
      return decode(SeedBases.of(shape), bytes, dimensions);
    },
  };
  return codec;
}

/** The values over their scale, in whole blocks: 0 beyond the end, and all 0 without a scale. */
function* stretches({ data }: WeightTensor, scale: number, block: number): Iterable<Float64Array> {
  for (let first = 0; first < data.length; first += STRETCH) {
    const part = data.subarray(first, first + STRETCH);
    const stretch = new Float64Array(Math.ceil(part.length / block) * block);
    if (scale > 0) for (let i = 0; i < part.length; i++) stretch[i] = part[i]! / scale;
    yield stretch;
  }
}

function decode(bases: SeedBases, bytes: Uint8Array, dimensions: readonly number[]): Float32Array {
  const { block, columns, bits } = bases.shape;
  const values = new Float32Array(elementsOf(dimensions));
  const scale = readHalves(bytes, 1)[0]!;
  const packed = new BitReader(bytes.subarray(HALF_BYTES));
  const mantissas = new Float64Array(columns);
  for (let first = 0; first < values.length; first += block) {
    let at = bases.placeOf(packed.read(bits)) + 1;
    const factor = scale * 2 ** (packed.read(CODE_BITS) + MIN_CODE);
    for (let j = 0; j < columns; j++) mantissas[j] = packed.read(CODE_BITS) + MIN_CODE;
    const end = Math.min(first + block, values.length);
    for (let i = first; i < end; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += bases.values[at++]! * mantissas[j]!;
      values[i] = factor * sum;
    }
  }
  return values;
}
