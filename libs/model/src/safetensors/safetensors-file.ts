import type { FileHandle } from 'node:fs/promises';
import { ForgeError } from '@agent-forge/contracts/core';
import { shown } from '../shown.js';
import type { WeightTensor } from '../weights.js';
import { ARRAY_OF_DTYPE, hasArray, type TensorArray } from './dtype.js';
import { identify, readAt, withFile, type FileIdentity } from './file-access.js';
import { foreignFormat, SIGNATURE_BYTES, unsupportedFormat } from './foreign-formats.js';
import { fromBfloat16, fromFloat16 } from './half.js';
import { invalidSafetensors, parseHeader, type SafetensorsHeader, type TensorInfo } from './header.js';
import { MAX_HEADER_BYTES, MAX_TENSOR_BYTES } from './limits.js';
import { openStretches } from './open-tensor.js';
import type { OpenOptions, OpenTensor, TensorSource, TypedTensor } from './tensor-source.js';

const LENGTH_BYTES = 8;

/**
 * One safetensors file. Opening reads and checks the header only; each read opens the file anew and takes one tensor.
 * Little-endian machines only, which is every one that Node.js has a release for but s390x.
 */
export class SafetensorsFile implements TensorSource {
  private constructor(
    readonly path: string,
    private readonly identity: FileIdentity,
    private readonly header: SafetensorsHeader,
    private readonly dataStart: number,
    private readonly allocate: (sizeBytes: number) => ArrayBuffer,
  ) {}

  /**
   * @throws ForgeError `FILE_NOT_FOUND`, `UNSUPPORTED_FORMAT` for another format in disguise, `SAFETENSORS_INVALID`
   *   naming the broken rule. Nothing is allocated for a header that the file does not have.
   */
  static async open(path: string, options: OpenOptions = {}): Promise<SafetensorsFile> {
    const allocate = options.allocate ?? ((sizeBytes) => new ArrayBuffer(sizeBytes));
    const identity = await identify(path);
    return withFile(path, async (file) => {
      const length = await headerLength(file, path, identity.sizeBytes);
      const bytes = new Uint8Array(allocate(length));
      if ((await readAt(file, bytes, LENGTH_BYTES)) < length)
        throw invalidSafetensors(path, 'it shrank while it was read');
      const dataStart = LENGTH_BYTES + length;
      const header = parseHeader(bytes, identity.sizeBytes - dataStart, path);
      return new SafetensorsFile(path, identity, header, dataStart, allocate);
    });
  }

  get tensors(): ReadonlyMap<string, TensorInfo> {
    return this.header.tensors;
  }

  get metadata(): ReadonlyMap<string, string> {
    return this.header.metadata;
  }

  async read(name: string): Promise<WeightTensor> {
    const info = this.info(name);
    if (info.dtype !== 'F32' && info.dtype !== 'F16' && info.dtype !== 'BF16')
      throw new ForgeError(
        'UNSUPPORTED_FORMAT',
        `${this.path}: tensor ${name} is ${info.dtype}; weights are read from F32, F16 and BF16`,
      );
    return { shape: info.shape, data: (await this.readTyped(name)).data as Float32Array };
  }

  async readTyped(name: string): Promise<TypedTensor> {
    const info = this.info(name);
    const { dtype, shape } = info;
    if (dtype === 'F16' || dtype === 'BF16') return { dtype, shape, data: await this.readHalf(name, info, dtype) };
    return this.readStored(name);
  }

  async readStored(name: string): Promise<TypedTensor> {
    const info = this.info(name);
    const { dtype, shape } = info;
    const half = dtype === 'F16' || dtype === 'BF16';
    if (!half && !hasArray(dtype))
      throw new ForgeError('UNSUPPORTED_FORMAT', `${this.path}: tensor ${name} is ${dtype}, which cannot be read`);
    const buffer = this.buffer(name, info.sizeBytes);
    await this.fill(name, info, new Uint8Array(buffer));
    const data: TensorArray = half ? new Uint16Array(buffer) : new ARRAY_OF_DTYPE[dtype](buffer);
    return { dtype, shape, data };
  }

  async openTensor(name: string): Promise<OpenTensor> {
    const info = this.info(name);
    await this.assertUnchanged();
    const { dtype, shape, sizeBytes, offsetBytes } = info;
    return openStretches(this.path, name, { dtype, shape, sizeBytes }, this.dataStart + offsetBytes);
  }

  private info(name: string): TensorInfo {
    const info = this.header.tensors.get(name);
    if (info === undefined) throw new ForgeError('NOT_FOUND', `${this.path} has no tensor ${name}`);
    return info;
  }

  /** The halves are read into the end of the result and widened from the front, so no second buffer is needed. */
  private async readHalf(name: string, info: TensorInfo, dtype: 'F16' | 'BF16'): Promise<Float32Array> {
    const buffer = this.buffer(name, 2 * info.sizeBytes);
    await this.fill(name, info, new Uint8Array(buffer, info.sizeBytes));
    const values = new Float32Array(buffer);
    const halves = new Uint16Array(buffer, info.sizeBytes);
    if (dtype === 'F16') fromFloat16(halves, values);
    else fromBfloat16(halves, values);
    return values;
  }

  private buffer(name: string, sizeBytes: number): ArrayBuffer {
    const tooLarge = (cause?: unknown): ForgeError =>
      new ForgeError(
        'PAYLOAD_TOO_LARGE',
        `${this.path}: tensor ${name} needs ${sizeBytes} bytes of memory, more than there are or than ${MAX_TENSOR_BYTES}`,
        cause,
      );
    if (sizeBytes > MAX_TENSOR_BYTES) throw tooLarge();
    try {
      return this.allocate(sizeBytes);
    } catch (error) {
      throw error instanceof RangeError ? tooLarge(error) : error;
    }
  }

  private async assertUnchanged(): Promise<void> {
    const { version } = await identify(this.path);
    if (version !== this.identity.version) throw invalidSafetensors(this.path, 'it changed since it was opened');
  }

  private async fill(name: string, info: TensorInfo, target: Uint8Array): Promise<void> {
    await this.assertUnchanged();
    const read = await withFile(this.path, (file) => readAt(file, target, this.dataStart + info.offsetBytes));
    if (read < target.length) throw invalidSafetensors(this.path, `it ends inside tensor ${shown(name)}`);
  }
}

/** Reads and judges the first bytes. @returns the length of the header in bytes, which the file is known to have */
async function headerLength(file: FileHandle, path: string, sizeBytes: number): Promise<number> {
  const first = new Uint8Array(SIGNATURE_BYTES);
  const count = await readAt(file, first, 0);
  const start = first.subarray(0, count);
  const refuse = (problem: string): never => {
    const foreign = foreignFormat(start);
    throw foreign === null ? invalidSafetensors(path, problem) : unsupportedFormat(path, foreign);
  };
  if (sizeBytes === 0) return refuse('it is empty');
  if (count < LENGTH_BYTES)
    return refuse(`it has ${sizeBytes} bytes, fewer than the ${LENGTH_BYTES} that say how long the header is`);
  const length = new DataView(first.buffer).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES))
    return refuse(`its header is said to have ${length} bytes; at most ${MAX_HEADER_BYTES} are read`);
  if (length < 2n) return refuse(`its header is said to have ${length} bytes, too few for {}`);
  if (LENGTH_BYTES + Number(length) > sizeBytes)
    return refuse(`its header is said to have ${length} bytes and the file has ${sizeBytes}`);
  if (start[LENGTH_BYTES] !== 0x7b) return refuse('the header does not begin with {');
  return Number(length);
}
