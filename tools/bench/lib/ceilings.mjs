import { Graph, Session, add, matmul, reduceSum } from '@agent-forge/tensor';

/** Side of the matrices; at 1024 the product is large enough for its best rate and three of them fit in the cache. */
const SIDE = 1024;
/** Products in one call, so that what a call costs by itself does not count. */
const PRODUCTS = 8;

/** Deterministic values in [-0.5, 0.5): zeros or equal values could be computed faster than real ones. */
function noise(length) {
  let state = 1;
  return Float32Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32 - 0.5);
}

/** Seconds of the fastest call within a window. */
async function fastest(session, feeds, windowSeconds) {
  const start = performance.now();
  let best = Infinity;
  do {
    const t = performance.now();
    await session.run(feeds);
    best = Math.min(best, (performance.now() - t) / 1000);
  } while (performance.now() - start < windowSeconds * 1000);
  return best;
}

/** The best rate at which onnxruntime multiplies fp32 matrices on this many threads: constant operands, packed ahead. */
export class MatMulCeiling {
  static async create(threads) {
    const self = new MatMulCeiling();
    const graph = new Graph();
    const x = graph.floatInput('x', [SIDE, SIDE]);
    const data = noise(SIDE * SIDE);
    const sums = Array.from({ length: PRODUCTS }, (_, i) =>
      reduceSum(
        matmul(
          x,
          graph.constant(
            'float32',
            [SIDE, SIDE],
            data.map((v) => v / (i + 1)),
          ),
        ),
      ),
    );
    self.feeds = { x: { dtype: 'float32', shape: [SIDE, SIDE], data } };
    self.session = await Session.of(graph, { sum: sums.reduce((a, b) => add(a, b)) }, { threads });
    return self;
  }

  /** GFLOP/s of the best call in a window. */
  async window(seconds) {
    return (2 * SIDE ** 3 * PRODUCTS) / (await fastest(this.session, this.feeds, seconds)) / 1e9;
  }

  release() {
    return this.session.release();
  }
}

/** Array that is read; at least the weights of the decode benchmark and many times any cache. */
const ROWS = 1024;
const READ_BYTES = 684e6;

/**
 * The rate at which onnxruntime reads memory on this many threads: a vector times a matrix that no cache holds, in both
 * storage orders, and row sums, whichever is fastest. Decoding reads every weight once per token and cannot be faster.
 */
export class MemoryBandwidth {
  static async create(threads) {
    const self = new MemoryBandwidth();
    const columns = Math.ceil(READ_BYTES / 4 / ROWS / 64) * 64;
    const matrix = { dtype: 'float32', shape: [ROWS, columns], data: new Float32Array(ROWS * columns).fill(0.5) };
    const wide = { dtype: 'float32', shape: [1, columns], data: new Float32Array(columns).fill(0.5) };
    const tall = { dtype: 'float32', shape: [1, ROWS], data: new Float32Array(ROWS).fill(0.5) };
    self.bytes = matrix.data.byteLength;
    const kernels = [
      { vector: tall, build: (m, v) => matmul(v, m) },
      { vector: wide, build: (m, v) => matmul(v, m, { transB: true }) },
      { vector: tall, build: (m) => reduceSum(m, [1]) },
    ];
    self.kernels = await Promise.all(
      kernels.map(async ({ vector, build }) => {
        const graph = new Graph();
        const m = graph.floatInput('matrix', matrix.shape);
        const y = build(m, graph.floatInput('vector', vector.shape));
        return { session: await Session.of(graph, { y }, { threads }), feeds: { matrix, vector } };
      }),
    );
    return self;
  }

  /** GB/s of the best call in a window. */
  async window(seconds) {
    let best = Infinity;
    for (const { session, feeds } of this.kernels)
      best = Math.min(best, await fastest(session, feeds, seconds / this.kernels.length));
    return this.bytes / best / 1e9;
  }

  async release() {
    for (const { session } of this.kernels) await session.release();
  }
}
