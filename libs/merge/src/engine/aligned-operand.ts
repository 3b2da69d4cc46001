import type { Operand } from '../operand.js';
import type { Alignment } from '../plan/plan.js';

/** A model's embedding or head with its rows where the tokens of the result are; nothing is copied until it is read. */
export class AlignedOperand implements Operand {
  readonly length: number;
  private readonly width: number;
  private readonly rowOf: Int32Array;
  private mean: Float32Array | null = null;

  /**
   * @param models the tensors of all models, with their own rows
   * @param index which of them this is
   * @param shape of the result
   */
  constructor(
    private readonly models: readonly Operand[],
    private readonly index: number,
    private readonly alignment: Alignment,
    [rows, width]: readonly number[],
  ) {
    this.width = width!;
    this.length = rows! * width!;
    this.rowOf = alignment.own[index]!;
  }

  read(start: number, target: Float32Array): void {
    for (let at = 0; at < target.length;) {
      const column = (start + at) % this.width;
      const length = Math.min(this.width - column, target.length - at);
      this.readRow((start + at - column) / this.width, column, target.subarray(at, at + length));
      at += length;
    }
  }

  private readRow(row: number, column: number, target: Float32Array): void {
    if (row >= this.alignment.tokens) return target.set(this.padding().subarray(column, column + target.length));
    const own = this.rowOf[row]!;
    if (own >= 0) this.models[this.index]!.read(own * this.width + column, target);
    else this.average(this.alignment.substitutes.get(row) ?? [], column, target);
  }

  private average(rows: readonly (readonly [number, number])[], column: number, target: Float32Array): void {
    target.fill(0);
    const values = new Float32Array(target.length);
    for (const [model, row] of rows) {
      this.models[model]!.read(row * this.width + column, values);
      for (let i = 0; i < target.length; i++) target[i]! += values[i]!;
    }
    if (rows.length > 1) for (let i = 0; i < target.length; i++) target[i]! /= rows.length;
  }

  /** The mean of all rows with a token, where a new token is likely at home (Hewitt, Initializing new word embeddings, 2021). */
  private padding(): Float32Array {
    if (this.mean !== null) return this.mean;
    const { width, alignment } = this;
    const sum = new Float64Array(width);
    const values = new Float32Array(width);
    for (let row = 0; row < alignment.tokens; row++) {
      this.readRow(row, 0, values);
      for (let i = 0; i < width; i++) sum[i]! += values[i]!;
    }
    return (this.mean = Float32Array.from(sum, (total) => total / alignment.tokens));
  }
}
