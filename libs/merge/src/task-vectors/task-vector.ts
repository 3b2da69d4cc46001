import type { Rng } from '@agent-forge/contracts';
import { subtract } from '../math/gram.js';
import type { Operand } from '../operand.js';

/** What a model adds to the base: their difference in float32, computed a stretch at a time. */
export class TaskVector {
  private origin = new Float32Array(0);

  /**
   * @param rowLength elements of the tensor's last dimension
   * @param random stream of this tensor and model; each call starts it anew
   */
  constructor(
    private readonly tensor: Operand,
    private readonly base: Operand,
    readonly rowLength: number,
    readonly random: () => Rng,
  ) {}

  get length(): number {
    return this.tensor.length;
  }

  /** Fills `target` with the differences from `start` on. */
  read(start: number, target: Float32Array): void {
    if (this.origin.length < target.length) this.origin = new Float32Array(target.length);
    const origin = this.origin.subarray(0, target.length);
    this.tensor.read(start, target);
    this.base.read(start, origin);
    subtract(target, origin);
  }
}
