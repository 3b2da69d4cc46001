import { ForgeError } from '@agent-forge/contracts';
import { type FileIdentity, identify, readAt, withFile } from '../safetensors/file-access.js';
import { shown } from '../shown.js';
import type { WeightTensor } from '../weights.js';
import { decodeValues } from './blocks.js';
import type { GgufMetadata, GgufTensorInfo } from './format.js';
import { OutOfBytes } from './header-reader.js';
import { MAX_METADATA_BYTES, MAX_TENSOR_BYTES } from './limits.js';
import { type GgufHeader, parseHeader } from './parse-header.js';

/** The header of most files without a large vocabulary. */
const FIRST_READ_BYTES = 2 ** 20;

/**
 * One GGUF file. Opening reads and checks what stands before the data; each read opens the file anew and takes one tensor.
 */
export class GgufFile {
  private constructor(
    readonly path: string,
    private readonly identity: FileIdentity,
    private readonly header: GgufHeader,
  ) {}

  /**
   * @throws ForgeError `FILE_NOT_FOUND`, and `NOT_A_MODEL` naming the broken rule; nothing larger than the file is made
   */
  static async open(path: string): Promise<GgufFile> {
    const identity = await identify(path);
    return withFile(path, async (file) => {
      for (let wanted = FIRST_READ_BYTES; ; wanted *= 4) {
        const bytes = new Uint8Array(Math.min(wanted, MAX_METADATA_BYTES, identity.sizeBytes));
        const read = bytes.subarray(0, await readAt(file, bytes, 0));
        try {
          return new GgufFile(
            path,
            identity,
            parseHeader(read, identity.sizeBytes, (problem) => invalid(path, problem)),
          );
        } catch (error) {
          if (!(error instanceof OutOfBytes)) throw error;
          if (bytes.length === identity.sizeBytes) invalid(path, 'it ends inside its header');
          if (bytes.length === MAX_METADATA_BYTES)
            invalid(path, `its header has more than ${MAX_METADATA_BYTES} bytes`);
        }
      }
    });
  }

  get metadata(): GgufMetadata {
    return this.header.metadata;
  }

  get tensors(): ReadonlyMap<string, GgufTensorInfo> {
    return this.header.tensors;
  }

  /** Stored bytes of a tensor. @throws ForgeError `NOT_FOUND`, `PAYLOAD_TOO_LARGE`, `NOT_A_MODEL` when the file changed */
  async readStored(name: string): Promise<Uint8Array> {
    const info = this.tensors.get(name);
    if (info === undefined) throw new ForgeError('NOT_FOUND', `${this.path} has no tensor ${name}`);
    if (4 * info.shape.reduce((a, b) => a * b, 1) > MAX_TENSOR_BYTES)
      throw new ForgeError(
        'PAYLOAD_TOO_LARGE',
        `${this.path}: tensor ${name} has more than ${MAX_TENSOR_BYTES} bytes as float32`,
      );
    if ((await identify(this.path)).version !== this.identity.version)
      invalid(this.path, 'it changed since it was opened');
    const bytes = new Uint8Array(info.sizeBytes);
    const read = await withFile(this.path, (file) => readAt(file, bytes, this.header.dataStart + info.offsetBytes));
    return read < bytes.length ? invalid(this.path, `it ends inside tensor ${shown(name)}`) : bytes;
  }

  /** Values of a tensor. @throws ForgeError as {@link readStored}, and `AUDIT_FAILED` for a code that there is none for */
  async read(name: string): Promise<WeightTensor> {
    const stored = await this.readStored(name);
    const { type, shape } = this.tensors.get(name)!;
    const data = decodeValues(type, stored);
    if (data === null)
      throw new ForgeError('AUDIT_FAILED', `${this.path}: tensor ${name} has a code that is none of −1, 0 and 1`);
    return { shape, data };
  }
}

export function invalid(path: string, problem: string): never {
  throw new ForgeError('NOT_A_MODEL', `${path} is not a valid GGUF file: ${problem}`);
}
