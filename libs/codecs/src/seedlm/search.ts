import { SeedBases, type SeedShape } from './basis.js';
import type { BlockFit } from './brute-force.js';
import { KERNELS_WASM } from './kernels.wasm.js';

/**
 * A triangle with larger entries makes too much of the rounding errors of single precision; there are few such places (511 of 65,535 for blocks of 8
 * and 16 bits, all others are below 20), and their bounds are computed from orthonormal columns. Below this limit a bound, in parts of the block's
 * square, is wrong by at most about 2 · 50 · 8 · 2^−24 = 5e-5, half of the kernel's slack.
 */
const STEEP = 50;
/** Blocks that are searched in one call: their state stays in the cache beside a tile of places. */
const BATCH = 256;
/** Places in a tile, with what the last vector reads beyond it; as in the kernel. */
const TILE = 1024;
/** Bytes of what is found for a block. */
const FOUND_BYTES = 40;
const PAGE_BYTES = 65_536;
/** The first page is the compiler's own. */
const FIRST_FREE = PAGE_BYTES;

/** TypeScript describes it with the browser's library only. */
declare const WebAssembly: {
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

interface Kernels {
  place(...addresses: number[]): void;
  search(blocks: number, count: number, found: number, places: number): void;
}

/**
 * Finds the best seed of blocks, exactly, without fitting most of them: with Q an orthonormal basis of a seed's columns no fit has a smaller error than
 * |w|² − |Qᵀw|². The bounds of all places cost little, since Qᵀw = R⁻ᵀ(Uᵀw), and the products with neighbouring bases U are the same ones
 * shifted; only places whose bound leaves room below the best fit so far are fitted.
 */
export class SeedSearch {
  readonly bases: SeedBases;
  readonly #kernels: Kernels;
  readonly #blocks: Float64Array;
  readonly #found: DataView;
  readonly #foundAt: number;

  private constructor(shape: SeedShape) {
    const bases = (this.bases = SeedBases.of(shape));
    const { block, columns } = shape;
    const { places, values } = bases;
    const steep = steepPlaces(bases);
    const steepRoom = Math.ceil(steep.length / 4) * 4;
    // A tile reads beyond the last place by up to one vector of 16 and a basis.
    const stride = Math.ceil(places / TILE) * TILE;
    const sizes = {
      values32: 4 * (stride + block * columns + 64),
      values64: 8 * values.length,
      triangles: 4 * stride * ((columns * (columns + 1)) / 2),
      inverses: 8 * places * block * columns,
      steepBases: 4 * steepRoom * block * columns,
      steepPlaces: 4 * steepRoom,
      room: 8 * (TILE + 64) + 4 * steepRoom,
      blocks: 8 * BATCH * block,
      found: FOUND_BYTES * BATCH,
    };
    const at: Record<string, number> = {};
    let end = FIRST_FREE;
    for (const [name, bytes] of Object.entries(sizes)) {
      at[name] = end;
      end += Math.ceil(bytes / 16) * 16;
    }
    const memory = new WebAssembly.Memory({ initial: Math.ceil(end / PAGE_BYTES) });
    const { buffer } = memory;
    const code = new WebAssembly.Module(Buffer.from(KERNELS_WASM, 'base64'));
    this.#kernels = new WebAssembly.Instance(code, { env: { memory } }).exports as Kernels;
    new Float32Array(buffer, at['values32'], values.length).set(values);
    new Float64Array(buffer, at['values64'], values.length).set(values);
    const inverses = new Float64Array(buffer, at['inverses'], places * block * columns);
    for (let place = 0; place < places; place++) inverses.set(bases.inverse(place), place * block * columns);
    fillTriangles(new Float32Array(buffer, at['triangles'], sizes.triangles / 4), bases, stride, steep);
    fillSteepBases(new Float32Array(buffer, at['steepBases'], sizes.steepBases / 4), bases, steep, steepRoom);
    new Int32Array(buffer, at['steepPlaces'], steep.length).set(steep);
    this.#kernels.place(
      ...[block, columns, at['values32']!, at['values64']!, at['triangles']!, stride, at['inverses']!],
      ...[at['steepBases']!, at['steepPlaces']!, steep.length, at['room']!],
    );
    this.#blocks = new Float64Array(buffer, at['blocks'], BATCH * block);
    this.#foundAt = at['found']!;
    this.#found = new DataView(buffer, this.#foundAt, FOUND_BYTES * BATCH);
  }

  static readonly #made = new Map<string, SeedSearch>();

  /** Made once for each shape: it holds 10 to 30 MB. */
  static of(shape: SeedShape): SeedSearch {
    const key = `${shape.block}/${shape.columns}/${shape.bits}`;
    let search = SeedSearch.#made.get(key);
    if (search === undefined) SeedSearch.#made.set(key, (search = new SeedSearch(shape)));
    return search;
  }

  /**
   * @param weights whole blocks, one behind the other
   * @param places how many, from the first on, may be chosen; all by default
   * @param onFound gets the best fit of each block, in order
   */
  search(weights: Float64Array, onFound: (fit: BlockFit, index: number) => void, places = this.bases.places): void {
    const { block, columns } = this.bases.shape;
    const count = weights.length / block;
    for (let first = 0; first < count; first += BATCH) {
      const some = Math.min(BATCH, count - first);
      this.#blocks.set(weights.subarray(first * block, (first + some) * block));
      this.#kernels.search(this.#blocks.byteOffset, some, this.#foundAt, places);
      for (let i = 0; i < some; i++) {
        const at = FOUND_BYTES * i;
        const word = (offset: number) => this.#found.getInt32(at + offset, true);
        const mantissas = Array.from({ length: columns }, (_, j) => word(16 + 4 * j));
        const error = this.#found.getFloat64(at, true);
        onFound({ place: word(8), exponent: word(12), mantissas, error }, first + i);
      }
    }
  }
}

/** Places whose triangle has an entry beyond {@link STEEP}, in order. */
function steepPlaces(bases: SeedBases): number[] {
  const steep: number[] = [];
  for (let place = 0; place < bases.places; place++)
    if (bases.triangle(place).some((x) => Math.abs(x) > STEEP)) steep.push(place);
  return steep;
}

/** One array for each entry of the lower triangles; 0 for steep places, so that their bound is. */
function fillTriangles(out: Float32Array, bases: SeedBases, stride: number, steep: readonly number[]): void {
  const { columns } = bases.shape;
  const isSteep = new Set(steep);
  for (let place = 0; place < bases.places; place++) {
    if (isSteep.has(place)) continue;
    const triangle = bases.triangle(place);
    let entry = 0;
    for (let j = 0; j < columns; j++)
      for (let i = 0; i <= j; i++) out[stride * entry++ + place] = triangle[j * columns + i]!;
  }
}

/** One array for each entry of the orthonormal bases. */
function fillSteepBases(out: Float32Array, bases: SeedBases, steep: readonly number[], room: number): void {
  steep.forEach((place, n) => bases.orthonormal(place).forEach((x, entry) => (out[room * entry + n] = x)));
}
