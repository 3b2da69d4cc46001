import { openSafetensors, type FloatDtype, type OpenTensor, type TensorSource } from '@agent-forge/model/storage';
import type { MergeWork } from '../plan/plan.js';
import { encode } from './encode.js';
import { FileOperand } from './file-operand.js';
import { elementCount, mergeTensor, readOperands } from './merge-tensor.js';

/** Merges tensors of model folders, one at a time, in memory for one result. */
export class FolderMerger {
  /** Holds every result before it is rounded; grows to the largest. */
  private room = new Float32Array(0);

  private constructor(
    private readonly work: MergeWork,
    private readonly sources: readonly TensorSource[],
  ) {}

  /** @param paths folders of the models, by their index in the plan */
  static async open(work: MergeWork, paths: readonly string[]): Promise<FolderMerger> {
    return new FolderMerger(work, await Promise.all(paths.map((path) => openSafetensors(path))));
  }

  /**
   * @param tensor index in the plan
   * @param out where the result goes as it is stored
   * @throws ForgeError `AUDIT_FAILED` when a value is not finite or too large for its type, and what reading throws
   */
  async merge(tensor: number, out: Uint8Array): Promise<void> {
    const planned = this.work.tensors[tensor]!;
    const length = elementCount(planned.shape);
    if (this.room.length < length) this.room = new Float32Array(length);
    const values = this.room.subarray(0, length);
    const open: OpenTensor[] = [];
    try {
      const operands = await readOperands(planned, async (source, name) => {
        const opened = await this.sources[source]!.openTensor(name);
        open.push(opened);
        return new FileOperand(opened, opened.dtype as FloatDtype, this.work.cast);
      });
      mergeTensor(this.work, planned, operands, values);
      encode(planned, values, out);
    } finally {
      for (const each of open) each.close();
    }
  }
}
