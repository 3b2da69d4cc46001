import { openSafetensors, type FloatDtype, type OpenTensor, type TensorSource } from '@agent-forge/model/storage';
import type { MergeWork } from '../plan/plan.js';
import { FileOperand } from './file-operand.js';
import { elementCount, mergeTensor, readOperands } from './merge-tensor.js';
import { StoredOutput } from './stored-output.js';

/** Merges tensors of model folders, one at a time, a stretch at a time where the method allows. */
export class FolderMerger {
  /** For methods that ask for it; grows to the largest tensor. */
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
    const open: OpenTensor[] = [];
    try {
      const operands = await readOperands(planned, async (source, name) => {
        const opened = await this.sources[source]!.openTensor(name);
        open.push(opened);
        return new FileOperand(opened, opened.dtype as FloatDtype, this.work.cast);
      });
      const { name, dtype, shape } = planned;
      mergeTensor(
        this.work,
        planned,
        operands,
        new StoredOutput(name, dtype, elementCount(shape), out, (length) => this.roomFor(length)),
      );
    } finally {
      for (const each of open) each.close();
    }
  }

  private roomFor(length: number): Float32Array {
    if (this.room.length < length) this.room = new Float32Array(length);
    return this.room.subarray(0, length);
  }
}
