import type { FloatDtype, OpenTensor } from '@agent-forge/model';
import { halfOf } from '../math/kernels.js';
import { widenAs, type Operand } from '../operand.js';

const FLOAT_BYTES = 4;

/**
 * A tensor of a file, read where it is needed and as often as it is: the system keeps what was read in memory that is free
 * anyway, and nothing is copied twice.
 */
export class FileOperand implements Operand {
  readonly length: number;
  private readonly elementBytes: number;

  /** @param cast values are rounded to this type first */
  constructor(
    private readonly tensor: OpenTensor,
    private readonly stored: FloatDtype,
    private readonly cast: FloatDtype | null,
  ) {
    this.elementBytes = stored === 'F32' ? FLOAT_BYTES : FLOAT_BYTES / 2;
    this.length = tensor.sizeBytes / this.elementBytes;
  }

  read(start: number, target: Float32Array): void {
    const room = this.stored === 'F32' ? target : halfOf(target);
    this.tensor.read(start * this.elementBytes, new Uint8Array(room.buffer, room.byteOffset, room.byteLength));
    widenAs(target, this.stored, this.cast);
  }
}
