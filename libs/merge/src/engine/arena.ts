/** Element sizes divide this, so that any array can lie at any place. */
const ALIGNMENT_BYTES = 8;

/**
 * Memory for everything that one tensor of the result is made from. It is taken again for each tensor and grows to what the
 * largest one needs, so that the peak does not depend on how many there are or on when garbage is collected.
 */
export class Arena {
  private buffer = new ArrayBuffer(0);
  private used = 0;

  /** Begins anew; what was taken before is overwritten. @param sizeBytes what will be taken in all, with {@link arenaBytes} for each piece */
  reset(sizeBytes: number): void {
    if (sizeBytes > this.buffer.byteLength) this.buffer = new ArrayBuffer(sizeBytes);
    this.used = 0;
  }

  take(sizeBytes: number): Uint8Array {
    const piece = new Uint8Array(this.buffer, this.used, sizeBytes);
    this.used += arenaBytes(sizeBytes);
    return piece;
  }
}

/** What a piece of this size takes. */
export function arenaBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}
