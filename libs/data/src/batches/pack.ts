import type { TokenBatch } from '@agent-forge/model';
import type { TokenSequence } from './dialogue.js';

/**
 * Packs token sequences into rows of fixed length, several to a row. Positions start again in each and segment ids
 * (1, 2, … in a row, 0 for padding) keep attention inside one. A sequence of n tokens takes n − 1 places: each of its
 * tokens but the last is an input, each but the first a target.
 */
export class RowPacker {
  private readonly used: number[];
  private readonly segments: number[];
  private readonly content: TokenBatch;

  /** @param padId input and target of places that stay empty; their loss weight is 0 */
  constructor(
    rows: number,
    private readonly length: number,
    padId: number,
  ) {
    const size = rows * length;
    this.used = Array.from({ length: rows }, () => 0);
    this.segments = Array.from({ length: rows }, () => 0);
    this.content = {
      inputIds: new Int32Array(size).fill(padId),
      targets: new Int32Array(size).fill(padId),
      lossMask: new Float32Array(size),
      positionIds: new Int32Array(size),
      segmentIds: new Int32Array(size),
    };
  }

  /** Puts a sequence into the first row that has room for all of it; false when none has. */
  add(sequence: TokenSequence): boolean {
    const places = sequence.ids.length - 1;
    const row = this.used.findIndex((used) => used + places <= this.length);
    if (row < 0) return false;
    this.write(sequence, row, places);
    return true;
  }

  /** What was packed; not to be added to any more. */
  batch(): TokenBatch {
    return this.content;
  }

  private write({ ids, learnt }: TokenSequence, row: number, places: number): void {
    const { inputIds, targets, lossMask, positionIds, segmentIds } = this.content;
    const start = row * this.length + this.used[row]!;
    const segment = (this.segments[row]! += 1);
    this.used[row]! += places;
    for (let i = 0; i < places; i += 1) {
      inputIds[start + i] = ids[i]!;
      targets[start + i] = ids[i + 1]!;
      lossMask[start + i] = learnt[i + 1]!;
      positionIds[start + i] = i;
      segmentIds[start + i] = segment;
    }
  }
}
