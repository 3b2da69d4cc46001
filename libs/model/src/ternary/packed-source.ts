import { ForgeError } from '@agent-forge/contracts';
import type { StoredTensor, TensorSource } from '../safetensors/tensor-source.js';
import type { WeightTensor } from '../weights.js';
import { type TernaryMark, isTernary } from './mark.js';
import { CODES_PER_BYTE, unpackRows } from './packed-rows.js';
import { dequantise, roundToHalf } from './quantise-weights.js';

/** The tensor beside a packed weight that holds its scale. */
export const scaleName = (weight: string): string => `${weight}_scale`;

/** Tensors of a folder, by the names and shapes of the configuration. */
export type UnpackedSource = Pick<TensorSource, 'tensors' | 'read'>;

/**
 * A folder of packed ternary weights as one of ordinary tensors: each projection is unpacked when it is read and comes as
 * its codes times its scale. The class in the mark says what the stored scale means: `bitlinear` divides by it (it is
 * 1 / γ), `autobitlinear` multiplies (it is γ).
 * @throws ForgeError `UNSUPPORTED_FORMAT` when a projection is not packed or has no scale of its own; when read,
 *   `AUDIT_FAILED` for a code or scale that none can be
 */
export function unpackedSource(source: TensorSource, mark: TernaryMark): UnpackedSource {
  const tensors = new Map<string, StoredTensor>();
  const refuse = (name: string, problem: string): never => {
    throw new ForgeError('UNSUPPORTED_FORMAT', `${source.path}: tensor ${name} ${problem}`);
  };
  for (const [name, stored] of source.tensors) {
    if (!isTernary(name)) {
      if (!name.endsWith('_scale') || !isTernary(name.slice(0, -'_scale'.length))) tensors.set(name, stored);
      continue;
    }
    const { dtype, shape } = stored;
    if (dtype !== 'U8' || shape.length !== 2)
      refuse(name, `is ${dtype}[${shape.join(', ')}]; a folder of quantization_mode offline has packed matrices (U8)`);
    const scale = source.tensors.get(scaleName(name));
    if (scale === undefined || scale.shape.reduce((a, b) => a * b, 1) !== 1)
      refuse(name, `has no ${scaleName(name)} of one value beside it`);
    tensors.set(name, { ...stored, shape: [shape[0]! * CODES_PER_BYTE, shape[1]!] });
  }
  return { tensors, read: (name) => (isTernary(name) ? readPacked(source, name, mark) : source.read(name)) };
}

async function readPacked(source: TensorSource, name: string, mark: TernaryMark): Promise<WeightTensor> {
  const { data } = await source.readStored(name);
  const codes = unpackRows(data as Uint8Array);
  if (codes === null)
    throw new ForgeError('AUDIT_FAILED', `${source.path}: tensor ${name} has a code that is none of −1, 0 and 1`);
  const { data: scales } = await source.read(scaleName(name));
  const scale = meaning(scales[0]!, mark);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new ForgeError('AUDIT_FAILED', `${source.path}: tensor ${scaleName(name)} is ${scales[0]}, no scale`);
  const [quarter, columns] = source.tensors.get(name)!.shape as [number, number];
  return dequantise({ shape: [quarter * CODES_PER_BYTE, columns], codes, scales: Float32Array.of(scale) });
}

/** γ out of the stored scale. Where γ is on the grid of half precision, rounding there undoes that of the division. */
function meaning(stored: number, { linearClass, scaleGrid }: TernaryMark): number {
  const scale = linearClass === 'bitlinear' ? Math.fround(1 / stored) : stored;
  return scaleGrid === 'float16' ? roundToHalf(scale) : scale;
}
