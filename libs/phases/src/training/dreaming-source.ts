import type { BatchSource, TokenBatch } from '@agent-forge/model';

/** When a training dreams. */
export interface DreamRhythm {
  /** Steps from one dream to the next. */
  readonly every: number;
  /** The last of them that are dreams. */
  readonly steps: number;
}

/** Whether a batch is a dream. */
export function isDream({ every, steps }: DreamRhythm, batch: number): boolean {
  return batch % every >= every - steps;
}

/** Batches of a source, and dreams in their rhythm in the place of some. */
export class DreamingSource implements BatchSource {
  readonly packed = true;

  constructor(
    private readonly awake: BatchSource,
    private readonly dreams: BatchSource,
    private readonly rhythm: DreamRhythm,
  ) {}

  get rows(): number {
    return this.awake.rows;
  }
  get length(): number {
    return this.awake.length;
  }

  batch(k: number): TokenBatch {
    return (isDream(this.rhythm, k) ? this.dreams : this.awake).batch(k);
  }
}
