/** One batch of token rows; every array is [rows · length], row by row. */
export interface TokenBatch {
  readonly inputIds: Int32Array;
  /** The token that follows each input. */
  readonly targets: Int32Array;
  /** Weight of each target in the loss: 0 for prompts and padding. */
  readonly lossMask: Float32Array;
  /** Position of each token in its item; items packed into one row start again at 0. */
  readonly positionIds: Int32Array;
  /** Which item of the row a token belongs to; attention stays inside one. */
  readonly segmentIds: Int32Array;
}

/**
 * Where training gets its batches. Batch k is a pure function of the source and of k, so that resume, replicas and the
 * number of threads cannot change a single byte.
 */
export interface BatchSource {
  readonly rows: number;
  /** Tokens in a row. */
  readonly length: number;
  /** Whether rows hold several items (then attention is masked by segment), or one running text each. */
  readonly packed: boolean;
  /** Whether the loss mask has the weights themselves, of either sign, which are not made to add up to 1. */
  readonly isWeighted?: boolean;
  batch(k: number): TokenBatch;
}
