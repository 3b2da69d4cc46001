import { lfsrStates, periodOf } from './lfsr.js';

/** How a block of weights becomes a seed and a few coefficients. */
export interface SeedShape {
  /** Weights of a block (C). */
  readonly block: number;
  /** Coefficients of a block, and columns of its basis (P). */
  readonly columns: number;
  /** Bits of the register (K). */
  readonly bits: number;
}

/**
 * The random bases of all seeds. Seeds are counted by their place on the one cycle of the register, beginning with the state 1; the basis of
 * a place is a window on the cycle, filled row by row, so that bases of neighbours share all but one of their values.
 */
export class SeedBases {
  readonly shape: SeedShape;
  readonly places: number;
  /** State by place. */
  readonly seeds: Uint32Array;
  /** (state − 2^(K−1)) / (2^(K−1) − 1) along the cycle, and on beyond its end; the basis of place t begins at t + 1. */
  readonly values: Float64Array;
  readonly #placeOf: Uint32Array;
  readonly #inverses: Float64Array;
  /** For each place the inverse, transposed triangle of its QR decomposition: what turns products with the basis into products with orthonormal columns. */
  readonly #triangles: Float64Array;

  private constructor(shape: SeedShape) {
    const { block, columns, bits } = shape;
    this.shape = shape;
    this.places = periodOf(bits);
    const cycle = lfsrStates(bits, 1, this.places);
    this.seeds = Uint32Array.from(cycle, (_, t) => (t === 0 ? 1 : cycle[t - 1]!));
    const half = 2 ** (bits - 1);
    this.values = Float64Array.from(
      { length: this.places + block * columns + 1 },
      (_, i) => (this.seeds[i % this.places]! - half) / (half - 1),
    );
    this.#placeOf = new Uint32Array(this.places + 1);
    this.seeds.forEach((seed, place) => (this.#placeOf[seed] = place));
    this.#inverses = new Float64Array(this.places * columns * block);
    this.#triangles = new Float64Array(this.places * columns * columns);
    for (let place = 0; place < this.places; place++) this.#factorise(place);
  }

  static readonly #made = new Map<string, SeedBases>();

  /** Made once for each shape. */
  static of(shape: SeedShape): SeedBases {
    const key = `${shape.block}/${shape.columns}/${shape.bits}`;
    let bases = SeedBases.#made.get(key);
    if (bases === undefined) SeedBases.#made.set(key, (bases = new SeedBases(shape)));
    return bases;
  }

  placeOf(seed: number): number {
    return this.#placeOf[seed]!;
  }

  /** The basis of a place, [block, columns] in C order. */
  basis(place: number): Float64Array {
    const { block, columns } = this.shape;
    return this.values.subarray(place + 1, place + 1 + block * columns);
  }

  /** Its Moore-Penrose inverse, [columns, block]. */
  inverse(place: number): Float64Array {
    const size = this.shape.block * this.shape.columns;
    return this.#inverses.subarray(place * size, (place + 1) * size);
  }

  /** The inverse of its triangle, transposed: lower, [columns, columns]. */
  triangle(place: number): Float64Array {
    const size = this.shape.columns ** 2;
    return this.#triangles.subarray(place * size, (place + 1) * size);
  }

  /** Orthonormal columns with the same span, [block, columns]. */
  orthonormal(place: number): Float64Array {
    return this.#decompose(place).q;
  }

  /** Gram and Schmidt twice over, which is as good as a singular value decomposition for bases of full rank: condition numbers go up to 5e5. */
  #decompose(place: number): { q: Float64Array; r: Float64Array } {
    const { block: rows, columns } = this.shape;
    const q = Float64Array.from(this.basis(place));
    const r = new Float64Array(columns * columns);
    for (let j = 0; j < columns; j++) {
      for (let turn = 0; turn < 2; turn++) {
        for (let i = 0; i < j; i++) {
          let dot = 0;
          for (let k = 0; k < rows; k++) dot += q[k * columns + i]! * q[k * columns + j]!;
          for (let k = 0; k < rows; k++) q[k * columns + j]! -= dot * q[k * columns + i]!;
          r[i * columns + j]! += dot;
        }
      }
      let norm = 0;
      for (let k = 0; k < rows; k++) norm += q[k * columns + j]! ** 2;
      norm = Math.sqrt(norm);
      r[j * columns + j] = norm;
      for (let k = 0; k < rows; k++) q[k * columns + j]! /= norm;
    }
    return { q, r };
  }

  #factorise(place: number): void {
    const { block: rows, columns } = this.shape;
    const { q, r } = this.#decompose(place);
    const triangle = this.triangle(place);
    for (let j = 0; j < columns; j++) {
      // Column j of R's inverse, which is row j of its transpose.
      for (let i = j; i >= 0; i--) {
        let sum = i === j ? 1 : 0;
        for (let k = i + 1; k <= j; k++) sum -= r[i * columns + k]! * triangle[j * columns + k]!;
        triangle[j * columns + i] = sum / r[i * columns + i]!;
      }
    }
    const inverse = this.inverse(place);
    for (let i = 0; i < columns; i++)
      for (let k = 0; k < rows; k++) {
        let sum = 0;
        for (let j = i; j < columns; j++) sum += triangle[j * columns + i]! * q[k * columns + j]!;
        inverse[i * rows + k] = sum;
      }
  }
}
