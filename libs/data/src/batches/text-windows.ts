import { ForgeError, Rng } from '@agent-forge/contracts';
import type { BatchSource, TokenBatch } from '@agent-forge/model';
import { checkBatchShape } from './batch-shape.js';
import { plainTextEncoder, type Encoder } from './plain-text.js';

/** What {@link TextWindows} draws from, and how. */
export interface TextWindowsOptions {
  /** Texts of blocks of one part; a window never crosses from one to the next. */
  readonly texts: readonly string[];
  readonly tokenizer: Encoder;
  readonly rows: number;
  /** Tokens in a row. */
  readonly length: number;
  readonly seed: number | string;
}

/** The largest vocabulary whose ids fit two bytes. */
const TWO_BYTE_VOCABULARY = 65_536;

/**
 * Random windows of running text, every token with loss. Batch k depends on the seed and k alone: k is the whole state of
 * a sampler that is resumed, and replicas that take turns at k draw what one of them would. Blocks are drawn in proportion
 * to their length. Where some block is shorter than a row, windows are as long as their block allows and rows hold several.
 */
export class TextWindows implements BatchSource {
  readonly rows: number;
  readonly length: number;
  readonly packed: boolean;
  /** Tokens of all blocks together. */
  readonly tokenCount: number;
  private readonly blocks: readonly (Uint16Array | Int32Array)[];
  private readonly ends: readonly number[];
  private readonly seed: number | string;

  /** @throws ForgeError INVALID_ARGUMENT for a bad shape, DATA_INVALID when there is no block of two tokens */
  constructor({ texts, tokenizer, rows, length, seed }: TextWindowsOptions) {
    checkBatchShape({ rows, length });
    const Kind = tokenizer.vocabSize <= TWO_BYTE_VOCABULARY ? Uint16Array : Int32Array;
    const encode = plainTextEncoder(tokenizer);
    const encoded = texts.map((text) => Kind.from(encode(text)));
    this.blocks = encoded.filter((block) => block.length >= 2);
    if (this.blocks.length === 0) {
      throw new ForgeError('DATA_INVALID', 'the text has no block of at least two tokens to train on');
    }
    let total = 0;
    this.ends = this.blocks.map((block) => (total += block.length));
    this.tokenCount = total;
    this.packed = this.blocks.some((block) => block.length <= length);
    [this.rows, this.length, this.seed] = [rows, length, seed];
  }

  batch(k: number): TokenBatch {
    const rng = Rng.derive(this.seed, 'text-windows', k);
    const size = this.rows * this.length;
    const batch: TokenBatch = {
      inputIds: new Int32Array(size),
      targets: new Int32Array(size),
      lossMask: new Float32Array(size).fill(1),
      positionIds: new Int32Array(size),
      segmentIds: new Int32Array(size),
    };
    for (let row = 0; row < this.rows; row += 1) this.fillRow(batch, row * this.length, rng);
    return batch;
  }

  private fillRow(batch: TokenBatch, start: number, rng: Rng): void {
    let segment = 0;
    for (let used = 0; used < this.length;) {
      const block = this.blocks[this.blockAt(rng.int(this.tokenCount))]!;
      const places = Math.min(this.length - used, block.length - 1);
      const from = rng.int(block.length - places);
      segment += 1;
      for (let i = 0; i < places; i += 1) {
        const at = start + used + i;
        batch.inputIds[at] = block[from + i]!;
        batch.targets[at] = block[from + i + 1]!;
        batch.positionIds[at] = i;
        batch.segmentIds[at] = segment;
      }
      used += places;
    }
  }

  /** The block that holds the token of this index over all blocks. */
  private blockAt(token: number): number {
    let low = 0;
    let high = this.ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (token < this.ends[middle]!) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
