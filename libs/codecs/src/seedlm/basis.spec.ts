import { describe, expect, test } from '@jest/globals';
import { SeedBases, type SeedShape } from './basis.js';
import { lfsrStates } from './lfsr.js';
import { SEED_SHAPES } from './seedlm.js';

type Matrix = { readonly rows: number; readonly columns: number; readonly data: ArrayLike<number> };

function product(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.columns; j++)
      for (let k = 0; k < a.columns; k++)
        data[i * b.columns + j]! += a.data[i * a.columns + k]! * b.data[k * b.columns + j]!;
  return { rows: a.rows, columns: b.columns, data };
}

function distance(a: Matrix, b: Matrix): number {
  let most = 0;
  for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(a.data[i]! - b.data[i]!));
  return most;
}

const size = ({ data }: Pick<Matrix, 'data'>) => Array.from(data).reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const transposed = ({ rows, columns, data }: Matrix): Matrix => ({
  rows: columns,
  columns: rows,
  data: Float64Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!),
});

/** Places all over the cycle, among them those where the inverse is largest: the hardest ones. */
function sampled(bases: SeedBases): number[] {
  const spread = Array.from({ length: 200 }, (_, i) => (i * 9973) % bases.places);
  const sizes = Float64Array.from({ length: bases.places }, (_, place) => size({ data: bases.triangle(place) }));
  const bySize = Array.from(sizes.keys()).sort((a, b) => sizes[b]! - sizes[a]!);
  return [...spread, ...bySize.slice(0, 20)];
}

describe.each(Object.entries(SEED_SHAPES) as [string, SeedShape][])('bases of %s', (_, shape) => {
  const bases = SeedBases.of(shape);
  const { block: rows, columns, bits } = shape;

  test('are the states after the seed, row by row, between −1 and 1', () => {
    for (const place of [0, 1, 4321, bases.places - 1]) {
      const states = lfsrStates(bits, bases.seeds[place]!, rows * columns);
      const half = 2 ** (bits - 1);
      expect([...bases.basis(place)]).toEqual([...states].map((state) => (state - half) / (half - 1)));
      expect(bases.placeOf(bases.seeds[place]!)).toBe(place);
    }
  });

  test('have the inverse of Moore and Penrose: its four identities', () => {
    for (const place of sampled(bases)) {
      const u = { rows, columns, data: bases.basis(place) };
      const inverse = { rows: columns, columns: rows, data: bases.inverse(place) };
      const [left, right] = [product(u, inverse), product(inverse, u)];
      // What is left of 53 bits after a condition number up to 5e5.
      expect(distance(product(left, u), u)).toBeLessThan(1e-9);
      expect(distance(product(right, inverse), inverse) / size(inverse)).toBeLessThan(1e-9);
      expect(distance(left, transposed(left))).toBeLessThan(1e-9);
      expect(distance(right, transposed(right))).toBeLessThan(1e-9);
    }
  });
});
