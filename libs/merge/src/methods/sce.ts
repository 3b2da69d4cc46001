import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { combine } from '../math/combine.js';
import { add } from '../math/kernels.js';
import { magnitudeKeys, selectLargest, type Selection } from '../math/select.js';
import { scratchFloats } from '../math/scratch.js';
import { defineMethod } from '../method.js';
import type { MergeOutput } from '../output.js';
import { int8Mask, number } from '../parameters.js';
import { Origin, TaskVector } from '../task-vectors/task-vector.js';

/** Task vectors with less energy than this together weigh the same. */
const MIN_ENERGY = 1e-6;
/** A smaller sum of the weights that take part counts as this. */
const MIN_DIVISOR = 1e-6;

/**
 * Keeps the elements in which the models differ most, weighs each model by the energy of what is left of its task vector, and
 * averages the values whose sign is that of their sum (select, calculate, erase).
 */
export const sce = defineMethod({
  name: 'sce',
  title: 'SCE',
  reference: 'Wan et al., FuseChat, arXiv 2408.07990',
  base: 'required',
  inputs: { min: 0, max: Infinity },
  shared: {
    select_topk: number('share of the elements that is kept, by their variance over the models', 1),
    int8_mask: int8Mask,
  },
  perInput: {},
  merge: ({ base, inputs, shared }, out) => {
    if (inputs.length === 0) return combine([base!], [1], out);
    const origin = new Origin(base!);
    const vectors = inputs.map(({ tensor, random }) => new TaskVector(tensor, origin, 1, random));
    const selection = shared.select_topk >= 1 ? null : select(vectors, shared.select_topk, out.room);
    const weights = energyWeights(vectors, selection, out);
    const merged = scratchFloats(BLOCK_ELEMENTS);
    forEachSelected(vectors, selection, out, (values, start) => {
      const delta = merged.subarray(0, values[0]!.length);
      mean(values, weights, delta);
      add(delta, origin.read(start, delta.length));
      out.write(start, delta);
    });
  },
});

const keysIn = (room: Float32Array): Uint32Array => new Uint32Array(room.buffer, room.byteOffset, room.length);

type Work = (values: readonly Float32Array[], start: number) => void;

function forEachStretch(vectors: readonly TaskVector[], work: Work): void {
  const buffers = vectors.map(() => scratchFloats(BLOCK_ELEMENTS));
  forEachBlock(0, vectors[0]!.length, (start, length) => {
    const values = buffers.map((buffer) => buffer.subarray(0, length));
    for (const [i, stretch] of values.entries()) vectors[i]!.read(start, stretch);
    work(values, start);
  });
}

/** The elements of largest variance, ⌊share · those that vary at all⌋ of them; `variances` is left with their keys. */
function select(vectors: readonly TaskVector[], share: number, variances: Float32Array): Selection {
  let varying = 0;
  forEachStretch(vectors, (values, start) => {
    for (let i = 0; i < values[0]!.length; i++) {
      const variance = Math.fround(varianceAt(values, i));
      variances[start + i] = variance;
      if (variance !== 0) varying++;
    }
  });
  // In float32, as mergekit counts.
  const kept = Math.trunc(Math.fround(Math.fround(varying) * Math.fround(Math.max(0, share))));
  const keys = magnitudeKeys(variances);
  return kept === 0 ? { key: 0xffffffff, ties: 0 } : selectLargest(keys, Math.min(kept, varying));
}

function varianceAt(values: readonly Float32Array[], i: number): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k]![i]!;
  const mean = sum / values.length;
  let squares = 0;
  for (let k = 0; k < values.length; k++) squares += (values[k]![i]! - mean) ** 2;
  return squares / values.length;
}

/** Task vectors with zeros where an element is not selected. @param out whose room has the keys that {@link select} left */
function forEachSelected(
  vectors: readonly TaskVector[],
  selection: Selection | null,
  out: MergeOutput,
  work: Work,
): void {
  const keys = selection === null ? null : keysIn(out.room);
  let left = selection?.ties ?? 0;
  forEachStretch(vectors, (values, start) => {
    if (selection !== null && keys !== null)
      for (let i = 0; i < values[0]!.length; i++) {
        const key = keys[start + i]!;
        if (key > selection.key || (key === selection.key && left-- > 0)) continue;
        for (let k = 0; k < values.length; k++) values[k]![i] = 0;
      }
    work(values, start);
  });
}

/** Mean square of each task vector, over their sum. */
function energyWeights(vectors: readonly TaskVector[], selection: Selection | null, out: MergeOutput): number[] {
  const energy = vectors.map(() => 0);
  forEachSelected(vectors, selection, out, (values) => {
    for (const [k, stretch] of values.entries()) {
      let sum = 0;
      for (let i = 0; i < stretch.length; i++) sum += stretch[i]! * stretch[i]!;
      energy[k]! += sum;
    }
  });
  const squares = energy.map((sum) => sum / vectors[0]!.length);
  const total = squares.reduce((a, b) => a + b, 0);
  return squares.map((square) => (Math.abs(total) < MIN_ENERGY ? 1 / vectors.length : square / total));
}

/** Weighted mean of the values whose sign is that of their plain sum. */
function mean(values: readonly Float32Array[], weights: readonly number[], result: Float32Array): void {
  for (let i = 0; i < result.length; i++) {
    let vote = 0;
    for (let k = 0; k < values.length; k++) vote = Math.fround(vote + values[k]![i]!);
    let [sum, divisor] = [0, 0];
    for (let k = 0; k < values.length; k++) {
      const value = values[k]![i]!;
      const weight = (vote >= 0 ? value > 0 : value < 0) ? weights[k]! : 0;
      // Multiplied, not skipped: what is not a number must not vanish.
      sum += value * weight;
      divisor += weight;
    }
    result[i] = sum / Math.max(divisor, MIN_DIVISOR);
  }
}
