import type { Operand } from '../operand.js';

/** The first values of a tensor, where the result has fewer rows. */
export class FirstValues implements Operand {
  constructor(
    private readonly whole: Operand,
    readonly length: number,
  ) {}

  read(start: number, target: Float32Array): void {
    this.whole.read(start, target);
  }
}
