import { openSafetensors, type FloatDtype, type TensorSource } from '@agent-forge/model';
import { StoredOperand } from '../operand.js';
import type { MergeWork } from '../plan/plan.js';
import { Arena, arenaBytes } from './arena.js';
import { mergeTensor, readOperands } from './merge-tensor.js';

/** Merges tensors of model folders, one at a time, in memory that is as large as the largest of them needs. */
export class FolderMerger {
  private readonly arena = new Arena();

  private constructor(
    private readonly work: MergeWork,
    private readonly sources: readonly TensorSource[],
  ) {}

  /** @param paths folders of the models, by their index in the plan */
  static async open(work: MergeWork, paths: readonly string[]): Promise<FolderMerger> {
    return new FolderMerger(work, await Promise.all(paths.map((path) => openSafetensors(path))));
  }

  /** @param tensor index in the plan */
  async merge(tensor: number, out: Float32Array): Promise<void> {
    const planned = this.work.tensors[tensor]!;
    const parts = [...(planned.base ? [planned.base] : []), ...planned.inputs];
    const sizes = parts.map(({ source, tensor: name }) => this.sources[source]!.tensors.get(name)!.sizeBytes);
    this.arena.reset(sizes.reduce((sum, size) => sum + arenaBytes(size), 0));
    const operands = await readOperands(planned, (source, name) => this.operand(source, name));
    mergeTensor(this.work, planned, operands, out);
  }

  private async operand(source: number, name: string): Promise<StoredOperand> {
    const { dtype, sizeBytes } = this.sources[source]!.tensors.get(name)!;
    const bytes = this.arena.take(sizeBytes);
    await this.sources[source]!.readInto(name, bytes);
    const Values = dtype === 'F32' ? Float32Array : Uint16Array;
    const bits = new Values(bytes.buffer as ArrayBuffer, bytes.byteOffset, sizeBytes / Values.BYTES_PER_ELEMENT);
    return new StoredOperand(bits, dtype as FloatDtype, this.work.cast);
  }
}
