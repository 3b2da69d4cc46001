import type { HostTensor } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';

/** Names of the cache inputs of a decoder graph: keys and values of every layer, in the order in which it returns new ones. */
export function cacheNames(config: LlamaConfig): string[] {
  return Array.from({ length: config.numLayers }, (_, layer) => [`past.${layer}.key`, `past.${layer}.value`]).flat();
}

/** Buffers have room for a multiple of this many tokens: the session sees few shapes and plans its memory once for each. */
const BLOCK_TOKENS = 64;
/** A long cache grows by this part of itself, so that copying it costs each token the same. */
const GROWTH_SHARE = 1 / 16;

/**
 * Keys and values of the tokens so far, in buffers [batch, kvHeads, room, head] that the session reads in place. The room
 * after the last token is zero and must be masked.
 */
export class KvCache {
  private buffers: ReadonlyMap<string, Float32Array>;
  private filled = 0;
  private rows: number;

  /** @param padding for each sequence of the batch, how many tokens at its start are padding */
  constructor(
    private readonly config: LlamaConfig,
    readonly padding: readonly number[],
  ) {
    this.rows = BLOCK_TOKENS;
    this.buffers = new Map(cacheNames(config).map((name) => [name, this.empty()]));
  }

  /** Tokens of each sequence so far, padding included. */
  get length(): number {
    return this.filled;
  }

  /** Tokens that the buffers have room for. */
  get room(): number {
    return this.rows;
  }

  /** Every buffer by its name, without a copy. */
  feeds(): Record<string, HostTensor> {
    const shape = [this.padding.length, this.config.numKvHeads, this.rows, this.config.headDim];
    return Object.fromEntries([...this.buffers].map(([name, data]) => [name, { dtype: 'float32', shape, data }]));
  }

  /** Positions of `steps` new tokens in their own sequences, [batch, steps]; padding has position 0, since it is masked anyway. */
  positions(steps: number): BigInt64Array {
    const data = new BigInt64Array(this.padding.length * steps);
    this.padding.forEach((pad, b) => {
      for (let i = 0; i < steps; i++) data[b * steps + i] = BigInt(Math.max(0, this.filled + i - pad));
    });
    return data;
  }

  /** @param fresh keys and values of `steps` new tokens, [buffers · batch, kvHeads, steps, head] */
  append(fresh: Float32Array, steps: number): void {
    this.grow(this.filled + steps);
    const { headDim } = this.config;
    const size = steps * headDim;
    let from = 0;
    for (const buffer of this.buffers.values()) {
      for (let to = this.filled * headDim; to < buffer.length; to += this.rows * headDim) {
        buffer.set(fresh.subarray(from, from + size), to);
        from += size;
      }
    }
    this.filled += steps;
  }

  private empty(): Float32Array {
    return new Float32Array(this.padding.length * this.config.numKvHeads * this.rows * this.config.headDim);
  }

  /** Makes room for `tokens`; heads move apart, so each is copied by itself. */
  private grow(tokens: number): void {
    if (tokens <= this.rows) return;
    const before = this.rows * this.config.headDim;
    this.rows = Math.ceil((tokens + this.rows * GROWTH_SHARE) / BLOCK_TOKENS) * BLOCK_TOKENS;
    const after = this.rows * this.config.headDim;
    const used = this.filled * this.config.headDim;
    const moved = (old: Float32Array): Float32Array => {
      const buffer = this.empty();
      for (let head = 0; head * before < old.length; head++)
        buffer.set(old.subarray(head * before, head * before + used), head * after);
      return buffer;
    };
    this.buffers = new Map([...this.buffers].map(([name, old]) => [name, moved(old)]));
  }
}
