import { ForgeError } from '@agent-forge/contracts';
import { RowPacker, type TokenSequence } from '@agent-forge/data';
import type { BatchSource, TokenBatch } from '@agent-forge/model';
import type { Order } from './order.js';

/** The form of the batches. */
export interface PoolShape {
  readonly rows: number;
  readonly length: number;
  readonly padId: number;
}

/**
 * Batches of a fixed pool of token sequences in some order, packed into rows. A batch ends with the first sequence that fits into no row, which is the first
 * of the next one, so that none is left out. How many were drawn before a batch follows from the batches before it, which are looked through again where a
 * training is resumed.
 */
export class PoolSource implements BatchSource {
  readonly packed = true;
  readonly rows: number;
  readonly length: number;
  /** Sequences drawn before each batch that was looked at. */
  readonly #before: number[] = [0];

  /**
   * @param ranked from the easiest
   * @param isOwn which batches are asked for, where others are out of another source; only they draw
   * @throws ForgeError DATA_INVALID for an empty pool, INVALID_ARGUMENT for a sequence longer than a row
   */
  constructor(
    private readonly ranked: readonly TokenSequence[],
    private readonly order: Order,
    private readonly shape: PoolShape,
    private readonly isOwn: (batch: number) => boolean = () => true,
  ) {
    if (ranked.length === 0) throw new ForgeError('DATA_INVALID', 'there is no item to train on');
    const longest = ranked.reduce((most, { ids }) => Math.max(most, ids.length - 1), 0);
    if (longest > shape.length)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `an item takes ${longest} places, but a row has ${shape.length}; choose longer rows`,
      );
    [this.rows, this.length] = [shape.rows, shape.length];
  }

  batch(k: number): TokenBatch {
    for (let earlier = this.#before.length - 1; earlier < k; earlier += 1) {
      if (this.isOwn(earlier)) this.#pack(earlier);
      else this.#before.push(this.#before[earlier]!);
    }
    return this.#pack(k);
  }

  /** Fills a batch, and notes where the next one begins; a steered order may have changed since the last time. */
  #pack(k: number): TokenBatch {
    const packer = new RowPacker(this.rows, this.length, this.shape.padId);
    let draw = this.#before[k]!;
    while (packer.add(this.ranked[this.order.at(draw, k)]!)) draw += 1;
    this.#before.length = k + 1;
    this.#before.push(draw);
    return packer.batch();
  }
}
