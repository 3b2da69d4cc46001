import { randomUUID } from 'node:crypto';
import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts/core';
import type { WeightTensor } from '../weights.js';
import { ARRAY_OF_DTYPE, DTYPE_BITS, hasArray, type ArrayDtype, type FloatDtype, type TensorArray } from './dtype.js';
import { fileError } from './file-access.js';
import { toBfloat16, toFloat16 } from './half.js';
import { checkName } from './header.js';

/** Elements that are converted at a time, so that writing half floats needs no second copy of the tensor. */
const CHUNK_ELEMENTS = 2 ** 18;
/** So much is worth a call of its own to the disk. */
const EARLY_SYNC_BYTES = 32 * 2 ** 20;
/** One write of more than 2 GiB fails on Linux. */
const WRITE_BYTES = 64 * 2 ** 20;
/** The length of the header is itself a multiple of 8 away from the data, which keeps every tensor aligned. */
const ALIGNMENT_BYTES = 8;
/** Names that whoever gives the tensors is told in advance: enough to keep several threads busy. */
const AHEAD = 16;
/** transformers refuses files that do not say which framework their layout is of. */
const DEFAULT_METADATA = { format: 'pt' };

export interface WriteOptions {
  /** Texts of the header's `__metadata__`, beside `format: pt`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Values, or a tensor's bytes as they are to be stored. */
export interface PulledTensor {
  readonly data: TensorArray | { readonly bytes: Uint8Array };
}

/** What will be written under a name. */
export interface TensorSpec {
  readonly dtype: ArrayDtype | 'BF16' | 'F16';
  readonly shape: readonly number[];
}

/**
 * Writes weights from memory, as {@link streamSafetensors} does.
 * @param options.dtype default F32
 * @throws ForgeError `AUDIT_FAILED` when a finite value is too large for the dtype, `SHAPE_MISMATCH`, `STORE_UNAVAILABLE`
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, WeightTensor>,
  { dtype = 'F32', ...options }: WriteOptions & { readonly dtype?: FloatDtype } = {},
): Promise<void> {
  const specs = new Map([...tensors].map(([name, { shape }]) => [name, { dtype, shape }]));
  await streamSafetensors(path, specs, (name) => tensors.get(name)!, options);
}

/**
 * Writes a safetensors file, asking for one tensor at a time in the order of the file (larger elements first, then by
 * name, as the safetensors library does, so equal contents give equal bytes). The file appears whole, synced to disk,
 * or not at all. Narrowing rounds to nearest, ties to even.
 * @param specs what will be there, since the header comes first
 * @param pull gives the values of a name; float32 for F32, BF16 and F16, else an array of the dtype. It is told which names
 *   are asked for next, in this order. The array is free again when the next one is asked for.
 */
export async function streamSafetensors(
  path: string,
  specs: ReadonlyMap<string, TensorSpec>,
  pull: (name: string, ahead: readonly string[]) => PulledTensor | Promise<PulledTensor>,
  options: WriteOptions = {},
): Promise<void> {
  const order = fileOrder(specs);
  const header = encodeHeader(order, { ...DEFAULT_METADATA, ...options.metadata });
  await writeWhole(path, async (file) => {
    await file.writeFile(header);
    const names = order.map(([name]) => name);
    const early = new EarlySync(file);
    for (const [i, [name, spec]] of order.entries()) {
      await writeTensor(file, name, spec, (await pull(name, names.slice(i + 1, i + 1 + AHEAD))).data);
      early.wrote(sizeOf(spec));
    }
    await early.finished();
  });
}

/** Lets the disk begin while more is computed, so that little is left to wait for at the end. */
class EarlySync {
  private writtenBytes = 0;
  private running: Promise<void> | null = null;
  private failure: { readonly error: unknown } | null = null;

  constructor(private readonly file: FileHandle) {}

  wrote(sizeBytes: number): void {
    this.writtenBytes += sizeBytes;
    if (this.writtenBytes < EARLY_SYNC_BYTES || this.running !== null) return;
    this.writtenBytes = 0;
    this.running = this.file.datasync().then(
      () => void (this.running = null),
      (error: unknown) => void (this.failure = { error }),
    );
  }

  /** @throws what a sync threw: the system tells of an error once, so the sync at the end would not know */
  async finished(): Promise<void> {
    await this.running;
    if (this.failure !== null) throw this.failure.error;
  }
}

const sizeOf = ({ dtype, shape }: TensorSpec): number => (shape.reduce((a, b) => a * b, 1) * DTYPE_BITS[dtype]) / 8;

/** Bytes that the tensors take in a file, without the header. */
export function dataBytes(specs: Iterable<TensorSpec>): number {
  let total = 0;
  for (const spec of specs) total += sizeOf(spec);
  return total;
}

function fileOrder(specs: ReadonlyMap<string, TensorSpec>): [string, TensorSpec][] {
  return [...specs].sort(
    ([a, x], [b, y]) => DTYPE_BITS[y.dtype] - DTYPE_BITS[x.dtype] || Buffer.compare(Buffer.from(a), Buffer.from(b)),
  );
}

function encodeHeader(order: readonly (readonly [string, TensorSpec])[], metadata: Record<string, string>): Uint8Array {
  let end = 0;
  const entries = order.map(([name, spec]) => {
    checkName(name, (problem) => {
      throw new ForgeError('SAFETENSORS_INVALID', problem);
    });
    const begin = end;
    end += sizeOf(spec);
    return [name, { dtype: spec.dtype, shape: spec.shape, data_offsets: [begin, end] }] as const;
  });
  // Not one object: its keys would change their order where a name is a number.
  const members = [['__metadata__', metadata] as const, ...entries];
  const json = Buffer.from(`{${members.map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`).join(',')}}`);
  const length = Math.ceil(json.length / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
  const header = Buffer.alloc(8 + length, ' ');
  header.writeBigUInt64LE(BigInt(length));
  json.copy(header, 8);
  return header;
}

async function writeTensor(
  file: FileHandle,
  name: string,
  spec: TensorSpec,
  data: PulledTensor['data'],
): Promise<void> {
  if ('bytes' in data) return writeStored(file, name, spec, data.bytes);
  if (data.byteLength / data.BYTES_PER_ELEMENT !== (sizeOf(spec) * 8) / DTYPE_BITS[spec.dtype])
    throw new ForgeError(
      'SHAPE_MISMATCH',
      `tensor ${name} has ${data.length} values and the shape [${spec.shape.join(', ')}]`,
    );
  if (spec.dtype === 'BF16' || spec.dtype === 'F16') return writeHalf(file, name, spec.dtype, data as Float32Array);
  if (hasArray(spec.dtype) && !(data instanceof ARRAY_OF_DTYPE[spec.dtype]))
    throw new ForgeError(
      'SHAPE_MISMATCH',
      `tensor ${name} is to be written as ${spec.dtype} and is a ${data.constructor.name}`,
    );
  await file.writeFile(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

async function writeHalf(file: FileHandle, name: string, dtype: 'BF16' | 'F16', data: Float32Array): Promise<void> {
  const halves = new Uint16Array(Math.min(CHUNK_ELEMENTS, data.length));
  const infinity = dtype === 'BF16' ? 0x7f80 : 0x7c00;
  for (let start = 0; start < data.length; start += CHUNK_ELEMENTS) {
    const chunk = data.subarray(start, start + CHUNK_ELEMENTS);
    if (dtype === 'BF16') toBfloat16(chunk, halves);
    else toFloat16(chunk, halves);
    const i = firstOverflow(chunk, halves, infinity);
    if (i >= 0)
      throw new ForgeError(
        'AUDIT_FAILED',
        `tensor ${name}: value ${chunk[i]} at index ${start + i} is too large for ${dtype}`,
      );
    await file.writeFile(new Uint8Array(halves.buffer, 0, chunk.length * 2));
  }
}

async function writeStored(file: FileHandle, name: string, spec: TensorSpec, bytes: Uint8Array): Promise<void> {
  if (bytes.length !== sizeOf(spec))
    throw new ForgeError(
      'SHAPE_MISMATCH',
      `tensor ${name} has ${bytes.length} bytes and the shape [${spec.shape.join(', ')}] of ${spec.dtype}`,
    );
  for (let done = 0; done < bytes.length;)
    done += (await file.write(bytes, done, Math.min(WRITE_BYTES, bytes.length - done))).bytesWritten;
}

/** A new hidden name beside a path. It does not grow with the path's own name, which may be as long as names can be. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.tmp-${randomUUID()}`);
}

/** Index of the first finite value that became infinite, or −1. */
function firstOverflow(values: Float32Array, halves: Uint16Array, infinity: number): number {
  const length = values.length;
  for (let i = 0; i < length; i++) if ((halves[i]! & 0x7fff) === infinity && Number.isFinite(values[i])) return i;
  return -1;
}

/** Writes beside the target, syncs and renames: readers see the old file or the whole new one. */
async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // What could not be made cannot always be removed either; the first error is the one that counts.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, error);
  }
}

/** Makes a rename in this folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
