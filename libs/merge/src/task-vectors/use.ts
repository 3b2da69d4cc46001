import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { subtract } from '../math/kernels.js';
import { scratchFloats } from '../math/scratch.js';
import type { Operand } from '../operand.js';
import type { MergeOutput } from '../output.js';

/** Changes up to this are rounding, not learning. */
export const DEFAULT_EPSILON = 1e-5;

/** How many elements of a tensor a model changed: alone, and together with others. */
export interface Use {
  readonly unique: number;
  readonly shared: number;
}

/**
 * base + what the models changed: the change itself, times a factor, where one model changed an element; the mean where
 * several did (Reinforced Agent Merging, arXiv 2601.13572).
 * @param epsilon changes up to this are none
 * @param factor of a model's unique changes, from how it uses the tensor
 */
export function mergeByUse(
  base: Operand,
  models: readonly Operand[],
  epsilon: number,
  factor: (use: Use) => number,
  out: MergeOutput,
): void {
  const threshold = Math.fround(epsilon);
  const uses = models.map(() => ({ unique: 0, shared: 0 }));
  forEachStretch(base, models, (changes) => countUses(changes, threshold, uses));
  const factors = uses.map((use) => factor(use));
  forEachStretch(base, models, (changes, origin, start) => {
    for (let i = 0; i < origin.length; i++) origin[i]! += merged(changes, i, threshold, factors);
    out.write(start, origin);
  });
}

type Work = (changes: readonly Float32Array[], origin: Float32Array, start: number) => void;

function forEachStretch(base: Operand, models: readonly Operand[], work: Work): void {
  const buffers = [base, ...models].map(() => scratchFloats(BLOCK_ELEMENTS));
  forEachBlock(0, base.length, (start, length) => {
    const [origin, ...changes] = buffers.map((buffer) => buffer.subarray(0, length));
    base.read(start, origin!);
    for (const [k, change] of changes.entries()) {
      models[k]!.read(start, change);
      subtract(change, origin!);
    }
    work(changes, origin!, start);
  });
}

function countUses(
  changes: readonly Float32Array[],
  threshold: number,
  uses: { unique: number; shared: number }[],
): void {
  for (let i = 0; i < (changes[0]?.length ?? 0); i++) {
    const users = userCount(changes, i, threshold);
    if (users === 0) continue;
    for (let k = 0; k < changes.length; k++)
      if (Math.abs(changes[k]![i]!) > threshold) uses[k]![users === 1 ? 'unique' : 'shared']++;
  }
}

function userCount(changes: readonly Float32Array[], i: number, threshold: number): number {
  let users = 0;
  for (let k = 0; k < changes.length; k++) if (Math.abs(changes[k]![i]!) > threshold) users++;
  return users;
}

function merged(changes: readonly Float32Array[], i: number, threshold: number, factors: readonly number[]): number {
  const users = userCount(changes, i, threshold);
  let sum = 0;
  for (let k = 0; k < changes.length; k++) {
    const change = changes[k]![i]!;
    // Not a number is a change too, so that it cannot vanish.
    if (Math.abs(change) <= threshold) continue;
    sum += users === 1 ? change * factors[k]! : change / Math.max(users, 1);
  }
  return sum;
}
