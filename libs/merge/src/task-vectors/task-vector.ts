import type { Rng } from '@agent-forge/contracts';
import { subtract } from '../math/kernels.js';
import { scratchFloats } from '../math/scratch.js';
import type { Operand } from '../operand.js';

/** The base model's tensor, whose stretch that was read last is kept for all task vectors. */
export class Origin {
  private values: Float32Array = new Float32Array(0);
  private start = -1;

  constructor(private readonly base: Operand) {}

  get length(): number {
    return this.base.length;
  }

  /** Fills `target` with values that are not kept. */
  peek(start: number, target: Float32Array): void {
    this.base.read(start, target);
  }

  /** Values from `start` on; the array is overwritten by the next call for another stretch. */
  read(start: number, length: number): Float32Array {
    if (start !== this.start || length !== this.values.length) {
      if (length !== this.values.length) this.values = scratchFloats(length);
      this.base.read(start, this.values);
      this.start = start;
    }
    return this.values;
  }
}

/** What a model adds to the base: their difference in float32, computed a stretch at a time. */
export class TaskVector {
  /**
   * @param rowLength elements of the tensor's last dimension
   * @param random stream of this tensor and model; each call starts it anew
   */
  constructor(
    private readonly tensor: Operand,
    private readonly origin: Origin,
    readonly rowLength: number,
    readonly random: () => Rng,
  ) {}

  get length(): number {
    return this.tensor.length;
  }

  /** As {@link read}, for a few values out of order. */
  peek(start: number, target: Float32Array): void {
    const before = scratchFloats(target.length);
    this.origin.peek(start, before);
    this.tensor.read(start, target);
    subtract(target, before);
  }

  /** Fills `target` with the differences from `start` on. */
  read(start: number, target: Float32Array): void {
    this.tensor.read(start, target);
    subtract(target, this.origin.read(start, target.length));
  }
}
