import type { HostTensor } from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';

/** Names of the cache inputs of a decoder graph: keys and values of every layer, in the order in which it returns new ones. */
export function cacheNames(config: LlamaConfig): string[] {
  return Array.from({ length: config.numLayers }, (_, layer) => [`past.${layer}.key`, `past.${layer}.value`]).flat();
}

/**
 * Keys and values of the tokens so far. Time is the first axis of its buffers, [1 + capacity, batch, kvHeads, head], so a
 * step appends rows, and what is filled is handed to the session as a view, without a copy. Row 0 belongs to no token and
 * is always masked: onnxruntime's product over an empty past would divide by zero.
 */
export class KvCache {
  private readonly buffers: ReadonlyMap<string, Float32Array>;
  private readonly rowShape: readonly number[];
  private readonly rowLength: number;
  private rows = 1;

  /**
   * @param padding for each sequence of the batch, how many tokens at its start are padding
   * @param capacity longest sequence, padding included; memory is taken as it fills
   */
  constructor(
    config: LlamaConfig,
    readonly padding: readonly number[],
    readonly capacity: number,
  ) {
    this.rowShape = [padding.length, config.numKvHeads, config.headDim];
    this.rowLength = this.rowShape.reduce((a, b) => a * b, 1);
    const length = (1 + capacity) * this.rowLength;
    this.buffers = new Map(cacheNames(config).map((name) => [name, new Float32Array(length)]));
  }

  /** Filled rows, the empty one included. */
  get past(): number {
    return this.rows;
  }

  /** Tokens of each sequence so far, padding included. */
  get length(): number {
    return this.rows - 1;
  }

  /** The filled part of every buffer, [past, batch, kvHeads, head]. */
  feeds(): Record<string, HostTensor> {
    const view = (data: Float32Array): HostTensor => ({
      dtype: 'float32',
      shape: [this.rows, ...this.rowShape],
      data: data.subarray(0, this.rows * this.rowLength),
    });
    return Object.fromEntries([...this.buffers].map(([name, data]) => [name, view(data)]));
  }

  /** @param fresh keys and values of `steps` new tokens: all of one buffer, then all of the next */
  append(fresh: Float32Array, steps: number): void {
    const size = steps * this.rowLength;
    let at = 0;
    for (const buffer of this.buffers.values()) {
      buffer.set(fresh.subarray(at, at + size), this.rows * this.rowLength);
      at += size;
    }
    this.rows += steps;
  }
}
