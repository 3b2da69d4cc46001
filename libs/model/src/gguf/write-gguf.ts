import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../safetensors/file-access.js';
import { syncFolder, temporaryName } from '../safetensors/write-safetensors.js';
import {
  DEFAULT_ALIGNMENT,
  type GgufMetadata,
  type GgufTensorType,
  type GgufValue,
  MAGIC,
  type Scalar,
  type ScalarType,
  TENSOR_TYPES,
  VALUE_TYPES,
  VERSION,
  aligned,
  tensorBytes,
} from './format.js';

/** What will be written under a name. */
export interface GgufTensorSpec {
  readonly type: GgufTensorType;
  /** In the order of Hugging Face. */
  readonly shape: readonly number[];
}

/**
 * Writes a GGUF file, asking for one tensor at a time. It appears whole, synced to disk, or not at all.
 * @param tensors in the order of the file
 * @param pull gives the stored bytes of a tensor
 * @throws ForgeError `STORE_UNAVAILABLE`
 */
export async function writeGguf(
  path: string,
  metadata: GgufMetadata,
  tensors: ReadonlyMap<string, GgufTensorSpec>,
  pull: (name: string) => Uint8Array | Promise<Uint8Array>,
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(header(metadata, tensors));
      for (const name of tensors.keys()) await writePadded(file, await pull(name));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, error);
  }
}

async function writePadded(file: FileHandle, bytes: Uint8Array): Promise<void> {
  await file.writeFile(bytes);
  await file.writeFile(new Uint8Array(aligned(bytes.length, DEFAULT_ALIGNMENT) - bytes.length));
}

/** Everything before the data, padded to where it begins. */
function header(metadata: GgufMetadata, tensors: ReadonlyMap<string, GgufTensorSpec>): Uint8Array {
  const parts: Uint8Array[] = [scalar('u32', MAGIC), scalar('u32', VERSION)];
  parts.push(scalar('u64', BigInt(tensors.size)), scalar('u64', BigInt(metadata.size)));
  for (const [key, value] of metadata) parts.push(scalar('string', key), ...valueBytes(value));
  let offsetBytes = 0;
  for (const [name, { type, shape }] of tensors) {
    parts.push(scalar('string', name), scalar('u32', shape.length));
    for (const dim of [...shape].reverse()) parts.push(scalar('u64', BigInt(dim)));
    parts.push(scalar('u32', TENSOR_TYPES[type].id), scalar('u64', BigInt(offsetBytes)));
    offsetBytes += aligned(tensorBytes(type, shape), DEFAULT_ALIGNMENT);
  }
  const length = parts.reduce((n, part) => n + part.length, 0);
  return Buffer.concat(parts, aligned(length, DEFAULT_ALIGNMENT));
}

function valueBytes(value: GgufValue): Uint8Array[] {
  const type = scalar('u32', VALUE_TYPES[value.type]);
  if (value.type !== 'array') return [type, scalar(value.type, value.value)];
  const { of, value: items } = value;
  return [
    type,
    scalar('u32', VALUE_TYPES[of]),
    scalar('u64', BigInt(items.length)),
    ...items.map((x) => scalar(of, x)),
  ];
}

/** How numbers are written, by type. */
const NUMBERS: Record<Exclude<ScalarType, 'string'>, [bytes: number, set: (view: DataView, x: Scalar) => void]> = {
  u8: [1, (view, x) => view.setUint8(0, Number(x))],
  i8: [1, (view, x) => view.setInt8(0, Number(x))],
  u16: [2, (view, x) => view.setUint16(0, Number(x), true)],
  i16: [2, (view, x) => view.setInt16(0, Number(x), true)],
  u32: [4, (view, x) => view.setUint32(0, Number(x), true)],
  i32: [4, (view, x) => view.setInt32(0, Number(x), true)],
  f32: [4, (view, x) => view.setFloat32(0, Number(x), true)],
  bool: [1, (view, x) => view.setUint8(0, Number(x))],
  u64: [8, (view, x) => view.setBigUint64(0, BigInt(x), true)],
  i64: [8, (view, x) => view.setBigInt64(0, BigInt(x), true)],
  f64: [8, (view, x) => view.setFloat64(0, Number(x), true)],
};

function scalar(type: ScalarType, value: Scalar): Uint8Array {
  if (type === 'string') {
    const text = Buffer.from(String(value));
    return Buffer.concat([scalar('u64', BigInt(text.length)), text]);
  }
  const [bytes, set] = NUMBERS[type];
  const out = new Uint8Array(bytes);
  set(new DataView(out.buffer), value);
  return out;
}
