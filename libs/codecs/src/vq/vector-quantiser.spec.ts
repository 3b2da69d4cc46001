import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import type { WeightTensor } from '@agent-forge/model';
import { propagation } from './propagation.js';
import { VECTOR_SHAPES, vectorQuantiser } from './vector-quantiser.js';

const [ROWS, COLUMNS] = [64, 48];

function gaussian(seed: number): WeightTensor {
  const rng = Rng.derive(seed, 'weights');
  return { shape: [ROWS, COLUMNS], data: Float32Array.from({ length: ROWS * COLUMNS }, () => 0.05 * rng.normal()) };
}

/** Second moments of inputs that depend on one another and vary unevenly. */
function moments(seed: number): Float64Array {
  const rng = Rng.derive(seed, 'moments');
  const mix = Float64Array.from({ length: COLUMNS * COLUMNS }, () => rng.normal() / 4);
  for (let i = 0; i < COLUMNS; i++) mix[i * COLUMNS + i]! += 1 + (i % 7);
  const h = new Float64Array(COLUMNS * COLUMNS);
  for (let i = 0; i < COLUMNS; i++)
    for (let j = 0; j < COLUMNS; j++)
      for (let k = 0; k < COLUMNS; k++) h[i * COLUMNS + j]! += mix[i * COLUMNS + k]! * mix[j * COLUMNS + k]!;
  return h;
}

const identity = Float64Array.from({ length: COLUMNS * COLUMNS }, (_, i) => (i % (COLUMNS + 1) === 0 ? 1 : 0));

/** tr((W − Q) H (W − Q)ᵀ), in parts of tr(W H Wᵀ). */
function proxyError({ data }: WeightTensor, decoded: Float32Array, h: Float64Array): number {
  const energy = (values: Float64Array) => {
    let sum = 0;
    for (let r = 0; r < ROWS; r++)
      for (let i = 0; i < COLUMNS; i++)
        for (let j = 0; j < COLUMNS; j++)
          sum += values[r * COLUMNS + i]! * h[i * COLUMNS + j]! * values[r * COLUMNS + j]!;
    return sum;
  };
  return energy(Float64Array.from(data, (x, i) => x - decoded[i]!)) / energy(Float64Array.from(data));
}

const plain = vectorQuantiser('vq2', VECTOR_SHAPES.vq2);
const residual = vectorQuantiser('vq2+', { ...VECTOR_SHAPES.vq2, residual: 64 });

describe('vector quantisation', () => {
  test('propagated errors matter less, and a second codebook leaves less of them', () => {
    for (const seed of [1, 2, 3]) {
      const [tensor, h] = [gaussian(seed), moments(seed)];
      const shared = plain.share!([{ tensor, moments: h }]);
      const error = (decoded: Float32Array) => proxyError(tensor, decoded, h);
      const without = error(plain.decode(plain.encode(tensor, { shared }), tensor.shape, shared));
      const withThem = error(plain.decode(plain.encode(tensor, { shared, moments: h }), tensor.shape, shared));
      expect(withThem).toBeLessThan(0.9 * without);
      const both = residual.share!([{ tensor, moments: h }]);
      const finer = residual.encode(tensor, { shared: both, moments: h });
      expect(error(residual.decode(finer, tensor.shape, both))).toBeLessThan(0.7 * withThem);
    }
  });

  test('independent inputs of one size have nothing to make up for: the bytes are those of plain clustering', () => {
    const tensor = gaussian(4);
    const shared = plain.share!([{ tensor }]);
    expect(Buffer.compare(plain.share!([{ tensor, moments: identity }]), shared)).toBe(0);
    expect(Buffer.compare(plain.encode(tensor, { shared, moments: identity }), plain.encode(tensor, { shared }))).toBe(
      0,
    );
  });

  test('the order of the inputs is the encoder’s own affair: without anything to make up for it changes no byte', () => {
    const tensor = gaussian(5);
    const shared = plain.share!([{ tensor }]);
    const uneven = identity.map((x, i) => x * (1 + ((7 * (i % COLUMNS)) % 11)));
    expect(Buffer.compare(plain.encode(tensor, { shared, moments: uneven }), plain.encode(tensor, { shared }))).toBe(0);
  });

  test('as many entries as different vectors lose nothing', () => {
    // Sixteen vectors of numbers that half precision holds, with a root mean square of 1.
    const vectors = Array.from({ length: 16 }, (_, i) => [1, 2, 4, 8].map((bit) => ((i & bit) === 0 ? 1 : -1)));
    const data = new Float32Array(ROWS * COLUMNS);
    const rng = Rng.derive(6, 'vectors');
    for (let column = 0; column < COLUMNS; column++)
      for (let group = 0; group < ROWS; group += 4) {
        const vector = rng.pick(vectors);
        for (let i = 0; i < 4; i++) data[(group + i) * COLUMNS + column] = vector[i]!;
      }
    const tensor = { shape: [ROWS, COLUMNS], data };
    const codec = vectorQuantiser('vq1', { length: 4, centroids: 16 });
    const shared = codec.share!([{ tensor }]);
    expect(codec.decode(codec.encode(tensor, { shared }), tensor.shape, shared)).toEqual(data);
  });

  test('codebooks are counted', () => {
    expect(plain.sharedBytes).toBe(2 * 4 * 256);
    expect(residual.sharedBytes).toBe(2 * 4 * (256 + 64));
    expect(plain.sizeBytes([ROWS, COLUMNS])).toBe(2 + (ROWS / 4) * COLUMNS);
  });
});

test('the propagation factor is upper, and its square is the inverse of the damped moments, in the order given', () => {
  const h = moments(7);
  const order = Array.from({ length: COLUMNS }, (_, i) => (i * 5) % COLUMNS);
  const r = propagation(h, COLUMNS, order);
  let mean = 0;
  for (let i = 0; i < COLUMNS; i++) mean += h[i * COLUMNS + i]! / COLUMNS;
  for (let i = 0; i < COLUMNS; i++) for (let j = 0; j < i; j++) expect(r[i * COLUMNS + j]).toBe(0);
  // (RᵀR)(H + damping) = 1
  for (let i = 0; i < COLUMNS; i++)
    for (let j = 0; j < COLUMNS; j++) {
      let sum = 0;
      for (let k = 0; k < COLUMNS; k++) {
        let inverse = 0;
        for (let m = 0; m < COLUMNS; m++) inverse += r[m * COLUMNS + i]! * r[m * COLUMNS + k]!;
        sum += inverse * (h[order[k]! * COLUMNS + order[j]!]! + (k === j ? 0.01 * mean : 0));
      }
      expect(sum).toBeCloseTo(i === j ? 1 : 0, 8);
    }
});
