/** Writes numbers of a few bits each, lowest bits first. */
export class BitWriter {
  #at = 0;

  /** @param bytes all zero */
  constructor(readonly bytes: Uint8Array) {}

  /** @param bits up to 24 */
  write(value: number, bits: number): void {
    let byte = this.#at >>> 3;
    let shifted = value * 2 ** (this.#at & 7);
    for (let left = bits + (this.#at & 7); left > 0; left -= 8) {
      this.bytes[byte]! |= shifted & 255;
      shifted = Math.floor(shifted / 256);
      byte += 1;
    }
    this.#at += bits;
  }
}

/** Reads what a {@link BitWriter} wrote. */
export class BitReader {
  #at = 0;

  constructor(readonly bytes: Uint8Array) {}

  /** @param bits up to 24 */
  read(bits: number): number {
    const byte = this.#at >>> 3;
    const { bytes } = this;
    const word = (bytes[byte]! | (bytes[byte + 1]! << 8) | (bytes[byte + 2]! << 16) | (bytes[byte + 3]! << 24)) >>> 0;
    const shift = this.#at & 7;
    this.#at += bits;
    return (word >>> shift) & (2 ** bits - 1);
  }
}
