import { ForgeError } from '@agent-forge/contracts';
import { ByteCounts } from './byte-counts.js';
import { mix, tuneMixture, type Observation } from './interpolation.js';

const BYTE_VALUES = 256;
const MAX_ORDER = 5;
/** The few dozen weights of a mixture do not get better with more text than this. */
const MAX_TUNING_BYTES = 256 * 1024;
/** Size classes of counts below 2^32. */
const WEIGHT_CLASSES = 33;

/**
 * A byte n-gram model interpolated over all orders down to the uniform distribution: P = Σ_j λ_j P_j, with one set of
 * weights per size class of the longest context's count (Jelinek and Mercer 1980). Counts come from the train part,
 * weights from the select part by expectation maximisation. It is the baseline that a trained network has to beat.
 */
export class ByteNgram {
  private readonly counts: readonly ByteCounts[];
  private readonly weights: readonly (readonly number[])[];

  /**
   * @param order bytes that a prediction looks at, its own included: 1 sees none before, 3 sees two
   * @param train texts that are counted; contexts do not reach from one into the next
   * @param select texts whose first 256 KiB the weights are tuned on
   * @throws ForgeError INVALID_ARGUMENT for an order outside 1 to 5, DATA_INVALID for empty texts
   */
  constructor(
    readonly order: number,
    train: readonly Uint8Array[],
    select: readonly Uint8Array[],
  ) {
    if (!Number.isInteger(order) || order < 1 || order > MAX_ORDER) {
      throw new ForgeError('INVALID_ARGUMENT', `the order of an n-gram is 1 to ${MAX_ORDER}, not ${order}`);
    }
    if (byteLength(train) === 0 || byteLength(select) === 0) {
      throw new ForgeError('DATA_INVALID', 'an n-gram baseline needs text in both the train and the select part');
    }
    this.counts = Array.from({ length: order }, (_, context) => new ByteCounts(context, train));
    this.weights = tuneMixture(this.observe(select), order + 1, WEIGHT_CLASSES);
  }

  /** Probability of a byte at place i of a block, given the bytes before it. */
  probability(block: Uint8Array, i: number, byte: number): number {
    return mix(this.weights[this.weightClass(block, i)]!, this.components(block, i, byte));
  }

  /**
   * Mean of −log2 P over all bytes of the blocks.
   * @throws ForgeError DATA_INVALID when there are none
   */
  bitsPerByte(blocks: readonly Uint8Array[]): number {
    if (byteLength(blocks) === 0)
      throw new ForgeError('DATA_INVALID', 'bits per byte need some text to be measured on');
    let bits = 0;
    for (const block of blocks) {
      for (let i = 0; i < block.length; i += 1) bits -= Math.log2(this.probability(block, i, block[i]!));
    }
    return bits / byteLength(blocks);
  }

  private observe(blocks: readonly Uint8Array[]): Observation[] {
    const observations: Observation[] = [];
    for (const block of blocks) {
      for (let i = 0; i < block.length && observations.length < MAX_TUNING_BYTES; i += 1) {
        observations.push({
          probabilities: this.components(block, i, block[i]!),
          weightClass: this.weightClass(block, i),
        });
      }
    }
    return observations;
  }

  /** What each order alone gives a byte, from the uniform distribution up; for a context never seen, what the order below gives. */
  private components(block: Uint8Array, i: number, byte: number): number[] {
    let share = 1 / BYTE_VALUES;
    const shares = [share];
    for (const counts of this.counts) shares.push((share = counts.share(block, i, byte) ?? share));
    return shares;
  }

  /** Size of the count of the longest context: 0 for never, 1 for once, 2 for 2 and 3 times, 3 for 4 to 7 times, … */
  private weightClass(block: Uint8Array, i: number): number {
    return 32 - Math.clz32(this.counts.at(-1)!.contextCount(block, i));
  }
}

function byteLength(blocks: readonly Uint8Array[]): number {
  return blocks.reduce((sum, block) => sum + block.length, 0);
}
