import { ForgeError } from '@agent-forge/contracts';

/** Reports of the loss that a spike is measured against; each is the mean over a second or so of steps. */
const WINDOW = 16;
/** Before this many there is nothing to compare with: losses fall steeply at first. */
const LEAST = 4;
/** A loss this many times the median of the window, and this much above it in nats, is no noise of batches. */
const SPIKE_FACTOR = 2;
const SPIKE_NATS = 0.5;

/** Watches the loss of a training. */
export class SpikeDetector {
  readonly #recent: number[] = [];

  /** @throws ForgeError DIVERGED when the loss is no number, or has jumped far above what it was */
  observe(loss: number, step: number): void {
    const sorted = [...this.#recent].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Infinity;
    const hasJumped = sorted.length >= LEAST && loss > SPIKE_FACTOR * median && loss > median + SPIKE_NATS;
    if (!Number.isFinite(loss) || hasJumped)
      throw new ForgeError('DIVERGED', `the loss went from ${median.toFixed(3)} to ${loss.toFixed(3)} at step ${step}`);
    this.#recent.push(loss);
    if (this.#recent.length > WINDOW) this.#recent.shift();
  }

  /** From here on the batches are others, and losses before say nothing of those to come. */
  forget(): void {
    this.#recent.length = 0;
  }
}
