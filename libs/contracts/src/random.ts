import { sha256 } from '#sha256';
import { ForgeError } from './errors.js';

/** Four 32-bit words, not all zero: the whole state of an {@link Rng}, small enough for any checkpoint. */
export type RngState = readonly [number, number, number, number];

const TWO_TO_32 = 2 ** 32;
const TWO_TO_53 = 2 ** 53;

/**
 * A seeded stream of random numbers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled Linear Pseudorandom Number
 * Generators", 2021). Streams are derived by name, so thread count, order of work and resume do not change a byte.
 * Not for secrets.
 */
export class Rng {
  private constructor(
    private a: number,
    private b: number,
    private c: number,
    private d: number,
  ) {}

  /**
   * The stream of a run's seed and a path of names, for example `Rng.derive(seed, 'cognate', 'layers.0.wq')`.
   * The state is the first 16 bytes of SHA-256 over the JSON array of all of them, so no two paths run together.
   * The seeds 7 and "7" are the same seed.
   * @throws ForgeError INVALID_ARGUMENT for a seed that is not a finite number or a string
   */
  static derive(seed: number | string, ...labels: readonly (number | string)[]): Rng {
    if (typeof seed !== 'string' && !Number.isFinite(seed)) {
      throw new ForgeError('INVALID_ARGUMENT', `a seed must be a finite number or a string, not ${String(seed)}`);
    }
    const digest = sha256()
      .update(JSON.stringify([seed, ...labels].map(String)))
      .bytes();
    const words = new DataView(digest.buffer);
    return Rng.fromState([0, 4, 8, 12].map((at) => words.getUint32(at, true)) as unknown as RngState);
  }

  /**
   * Continues a stream where {@link state} was taken.
   * @throws ForgeError INVALID_ARGUMENT when it is not four 32-bit words or all of them are zero
   */
  static fromState(state: RngState): Rng {
    const wellFormed =
      Array.isArray(state) &&
      state.length === 4 &&
      state.every((word) => Number.isInteger(word) && word >= 0 && word < TWO_TO_32) &&
      state.some((word) => word !== 0);
    if (!wellFormed) throw new ForgeError('INVALID_ARGUMENT', 'an RNG state must be four 32-bit words, not all zero');
    return new Rng(state[0] | 0, state[1] | 0, state[2] | 0, state[3] | 0);
  }

  /** A copy of the present state: give it to {@link fromState} to go on from here. */
  state(): RngState {
    return [this.a >>> 0, this.b >>> 0, this.c >>> 0, this.d >>> 0];
  }

  /** 32 random bits. */
  uint32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= shifted;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with all 53 bits of a double. */
  float(): number {
    return this.uint53() / TWO_TO_53;
  }

  /**
   * Uniform among 0 … n − 1, without the bias of a plain remainder: draws above the last whole multiple of n are drawn again.
   * @throws ForgeError INVALID_ARGUMENT unless n is an integer from 1 to 2^53 − 1
   */
  int(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new ForgeError('INVALID_ARGUMENT', `a random integer needs a range of 1 to 2^53 - 1 values, not ${n}`);
    }
    const wide = n > TWO_TO_32;
    const range = wide ? TWO_TO_53 : TWO_TO_32;
    const accepted = range - (range % n);
    for (;;) {
      const draw = wide ? this.uint53() : this.uint32();
      if (draw < accepted) return draw % n;
    }
  }

  /** Standard normal (Box and Muller 1958); 1 − u keeps the logarithm's argument above zero. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    return radius * Math.cos(2 * Math.PI * this.float());
  }

  /** Shuffles in place (Fisher and Yates), every order equally likely; returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.int(last + 1);
      [items[last], items[other]] = [items[other] as T, items[last] as T];
    }
    return items;
  }

  /**
   * One of the items, each equally likely.
   * @throws ForgeError INVALID_ARGUMENT when there is none
   */
  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)] as T;
  }

  private uint53(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return high * 2 ** 26 + low;
  }
}
