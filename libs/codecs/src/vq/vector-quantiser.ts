import { ForgeError, Rng } from '@agent-forge/contracts';
import type { WeightTensor } from '@agent-forge/model';
import { BitReader, BitWriter } from '../bits.js';
import { assertSize, type Codec, type EncodeContext, type Sample } from '../codec.js';
import { HALF_BYTES, halvesOf, readHalves, scaleOf } from '../half.js';
import { kMeans, nearestCentroid, type Points } from './k-means.js';
import { importanceOrder, propagation } from './propagation.js';

/** Vectors and their codebooks. */
export interface VectorShape {
  /** Weights of a vector: consecutive outputs of one input. */
  readonly length: number;
  /** Entries of the codebook, a power of two. */
  readonly centroids: number;
  /** Entries of the codebook for what is left; none by default. */
  readonly residual?: number;
}

/** Two bits for a weight with one codebook, and three with two. */
export const VECTOR_SHAPES = {
  vq2: { length: 4, centroids: 256 },
  vq3: { length: 4, centroids: 64, residual: 64 },
} as const satisfies Record<string, VectorShape>;

/** Vectors that codebooks are made of: more change them little and take time. */
const MAX_POINTS = 8_192;

/** Codebooks of a shape, one entry behind the other. */
type Books = readonly Float64Array[];

/**
 * Vector quantisation with propagated errors, after VPTQ (Liu et al. 2024, arXiv:2409.17066): vectors along the outputs are entries of codebooks, the inputs that
 * matter most first, and the error at one input is made up for at those after it. Here the codebooks are shared by all matrices, each divided by its root mean
 * square, since in a small model they would be larger than what they save; and a vector is the sum of one entry of each book, chosen at once.
 */
export function vectorQuantiser(name: string, shape: VectorShape): Codec {
  const sizes = [shape.centroids, ...(shape.residual === undefined ? [] : [shape.residual])];
  const sharedBytes = HALF_BYTES * shape.length * sizes.reduce((a, b) => a + b, 0);
  const booksOf = (shared: Uint8Array | undefined): Books => {
    if (shared?.length !== sharedBytes)
      throw new ForgeError(
        'UNSUPPORTED_FORMAT',
        `${name} needs its codebooks of ${sharedBytes} bytes, and there are ${shared?.length ?? 'none'}`,
      );
    let at = 0;
    return sizes.map((size) => {
      const book = Float64Array.from(readHalves(shared, size * shape.length, at));
      at += HALF_BYTES * size * shape.length;
      return book;
    });
  };
  const codec: Codec = {
    name,
    sharedBytes,
    share: (samples) => codebooks(name, shape.length, sizes, samples),
    sizeBytes: (dimensions) =>
      HALF_BYTES + Math.ceil((vectorsOf(dimensions, shape.length) * sizes.reduce((n, k) => n + Math.log2(k), 0)) / 8),
    encode(tensor, context = {}) {
      const bytes = new Uint8Array(codec.sizeBytes(tensor.shape)!);
      const scale = scaleOf(tensor.data);
      bytes.set(halvesOf([scale]));
      const out = new BitWriter(bytes.subarray(HALF_BYTES));
      const chosen = quantise(tensor, scale, shape.length, booksOf(context.shared), context);
      for (const [book, indices] of chosen.entries())
        for (const index of indices) out.write(index, Math.log2(sizes[book]!));
      return bytes;
    },
    decode(bytes, dimensions, shared) {
      assertSize(codec, bytes, dimensions);
      return decode(bytes, dimensions, shape.length, booksOf(shared));
    },
  };
  return codec;
}

const sidesOf = (dimensions: readonly number[]): [number, number] =>
  dimensions.length < 2 ? [1, dimensions[0] ?? 1] : [dimensions[0]!, dimensions[1]!];

function vectorsOf(dimensions: readonly number[], length: number): number {
  const [rows, columns] = sidesOf(dimensions);
  return Math.ceil(rows / length) * columns;
}

/** The vector of outputs from `row` on at one input; 0 beyond the last output. */
function gather(
  data: ArrayLike<number>,
  [rows, columns]: [number, number],
  row: number,
  column: number,
  into: Float64Array,
  scale: number,
): void {
  for (let i = 0; i < into.length; i++)
    into[i] = row + i < rows && scale > 0 ? data[(row + i) * columns + column]! / scale : 0;
}

/** Codebooks over a sample of the vectors of all tensors, each weighing as much as its input varies. */
function codebooks(name: string, length: number, sizes: readonly number[], samples: readonly Sample[]): Uint8Array {
  const points = samplePoints(name, length, samples);
  const values = Float64Array.from(points.values);
  const books: Uint8Array[] = [];
  for (const [stage, size] of sizes.entries()) {
    const { centroids } = kMeans({ ...points, values }, size, Rng.derive(name, 'codebook', stage));
    const stored = halvesOf(centroids);
    books.push(stored);
    const book = Float64Array.from(readHalves(stored, centroids.length));
    for (let at = 0; at < values.length; at += length) {
      const c = nearestCentroid(book, length, values, at);
      for (let i = 0; i < length; i++) values[at + i]! -= book[c * length + i]!;
    }
  }
  return Buffer.concat(books);
}

function samplePoints(name: string, length: number, samples: readonly Sample[]): Points {
  const counts = samples.map(({ tensor }) => vectorsOf(tensor.shape, length));
  const total = counts.reduce((a, b) => a + b, 0);
  const taken = Math.min(total, MAX_POINTS);
  const rng = Rng.derive(name, 'points');
  const values = new Float64Array(taken * length);
  const weights = new Float64Array(taken);
  let [seen, filled] = [0, 0];
  for (const [s, { tensor, moments }] of samples.entries()) {
    const sides = sidesOf(tensor.shape);
    const scale = scaleOf(tensor.data);
    const mean = moments === undefined ? 1 : traceOf(moments, sides[1]) / sides[1];
    for (let v = 0; v < counts[s]!; v++, seen++) {
      // Selection sampling (Knuth, volume 2, 3.4.2 S): every vector is equally likely, in order.
      if (rng.float() * (total - seen) >= taken - filled) continue;
      const column = v % sides[1];
      const row = Math.floor(v / sides[1]) * length;
      gather(tensor.data, sides, row, column, values.subarray(filled * length, (filled + 1) * length), scale);
      weights[filled++] = moments === undefined || mean === 0 ? 1 : moments[column * sides[1] + column]! / mean;
    }
  }
  return { length, values, weights };
}

function traceOf(moments: Float64Array, size: number): number {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += moments[i * size + i]!;
  return trace;
}

/** The chosen entries of each book, vector by vector in C order of (group of outputs, input). */
function quantise(
  { shape, data }: WeightTensor,
  scale: number,
  length: number,
  books: Books,
  { moments }: EncodeContext,
): Uint32Array[] {
  const sides = sidesOf(shape);
  const [rows, columns] = sides;
  const work = Float64Array.from(data);
  const order =
    moments === undefined ? Array.from({ length: columns }, (_, i) => i) : importanceOrder(moments, columns);
  const factors = moments === undefined ? undefined : propagation(moments, columns, order);
  const chosen = books.map(() => new Uint32Array(vectorsOf(shape, length)));
  const vector = new Float64Array(length);
  const error = new Float64Array(rows);
  for (const [step, column] of order.entries()) {
    for (let row = 0, group = 0; row < rows; row += length, group++) {
      gather(work, sides, row, column, vector, scale);
      for (const [b, book] of books.entries()) {
        const index = nearestCentroid(book, length, vector, 0);
        chosen[b]![group * columns + column] = index;
        for (let i = 0; i < length; i++) vector[i]! -= book[index * length + i]!;
      }
      for (let i = 0; i < length && row + i < rows; i++) error[row + i] = vector[i]! * scale;
    }
    if (factors !== undefined) makeUp(work, sides, error, factors, order, step);
  }
  return chosen;
}

/** Moves what was lost at one input to the inputs after it. */
function makeUp(
  work: Float64Array,
  [rows, columns]: [number, number],
  error: Float64Array,
  factors: Float64Array,
  order: readonly number[],
  step: number,
): void {
  const own = factors[step * columns + step]!;
  for (let row = 0; row < rows; row++) {
    const share = error[row]! / own;
    if (share === 0) continue;
    for (let later = step + 1; later < columns; later++)
      work[row * columns + order[later]!]! -= share * factors[step * columns + later]!;
  }
}

function decode(bytes: Uint8Array, dimensions: readonly number[], length: number, books: Books): Float32Array {
  const [rows, columns] = sidesOf(dimensions);
  const count = vectorsOf(dimensions, length);
  const packed = new BitReader(bytes.subarray(HALF_BYTES));
  const scale = readHalves(bytes, 1)[0]!;
  const sums = new Float64Array(count * length);
  for (const book of books) {
    const bits = Math.log2(book.length / length);
    for (let v = 0; v < count; v++) {
      const from = packed.read(bits) * length;
      for (let i = 0; i < length; i++) sums[v * length + i]! += book[from + i]!;
    }
  }
  const values = new Float32Array(rows * columns);
  for (let v = 0; v < count; v++) {
    const row = Math.floor(v / columns) * length;
    for (let i = 0; i < length && row + i < rows; i++)
      values[(row + i) * columns + (v % columns)] = scale * sums[v * length + i]!;
  }
  return values;
}
