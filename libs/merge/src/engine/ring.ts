/**
 * Places in a fixed stretch of memory that are taken at one end and given back at the other, in the same order: results that
 * wait to be written.
 */
export class Ring {
  private readonly taken: { offset: number; size: number }[] = [];

  constructor(private readonly size: number) {}

  /**
   * @param size at most that of the ring
   * @returns where it is; null while there is no room
   */
  take(size: number): number | null {
    const first = this.taken[0];
    const last = this.taken.at(-1);
    if (first === undefined || last === undefined) return this.add(0, size);
    const end = last.offset + last.size;
    if (last.offset >= first.offset) {
      if (end + size <= this.size) return this.add(end, size);
      return size <= first.offset ? this.add(0, size) : null;
    }
    return end + size <= first.offset ? this.add(end, size) : null;
  }

  /** Gives the oldest place back. */
  release(): void {
    this.taken.shift();
  }

  private add(offset: number, size: number): number {
    this.taken.push({ offset, size });
    return offset;
  }
}
