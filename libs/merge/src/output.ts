/** Where a method writes what it makes, each element once. */
export interface MergeOutput {
  readonly length: number;
  /** Takes the values from `start` on. */
  write(start: number, values: Float32Array): void;
  /**
   * Memory as large as the tensor for a method's own use, which takes none until it is asked for. It may be where the result
   * goes: what stands at a place is lost when that place is written.
   */
  readonly room: Float32Array;
}

/** A result in float32 in memory. */
export class ValueOutput implements MergeOutput {
  constructor(readonly room: Float32Array) {}

  get length(): number {
    return this.room.length;
  }

  write(start: number, values: Float32Array): void {
    this.room.set(values, start);
  }
}
