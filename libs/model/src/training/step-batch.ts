import { ForgeError } from '@agent-forge/contracts';
import type { StepBatch } from '@agent-forge/tensor';
import type { BatchSource, TokenBatch } from './batch.js';

/**
 * The batch tensors of optimiser step `step` (0-based): `accumulation` micro-batches one after another, with loss weights
 * that add up to 1 over all of them, so that the gradient is the token-weighted mean whatever the masks.
 */
export function stepBatch(source: BatchSource, step: number, accumulation: number): StepBatch {
  const parts = Array.from({ length: accumulation }, (_, i) => source.batch(step * accumulation + i));
  const weights = join(parts, (b) => b.lossMask, Float32Array);
  if (!source.isWeighted) normalise(weights, step);
  const fields = {
    inputIds: join(parts, (b) => b.inputIds, Int32Array),
    targets: join(parts, (b) => b.targets, Int32Array),
    weights,
  };
  if (!source.packed) return fields;
  const positions = join(parts, (b) => b.positionIds, Int32Array);
  return {
    ...fields,
    positionIds: BigInt64Array.from(positions, BigInt),
    segmentIds: Float32Array.from(join(parts, (b) => b.segmentIds, Int32Array)),
  };
}

function normalise(weights: Float32Array, step: number): void {
  let total = 0;
  for (const w of weights) total += w;
  if (!(total > 0))
    throw new ForgeError('DATA_INVALID', `batch ${step} has no token with a loss; its items may be longer than a row`);
  for (let i = 0; i < weights.length; i++) weights[i] = weights[i]! / total;
}

function join<T extends Int32Array | Float32Array>(
  parts: readonly TokenBatch[],
  field: (b: TokenBatch) => T,
  Kind: new (n: number) => T,
): T {
  const arrays = parts.map(field);
  const out = new Kind(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of arrays) {
    out.set(a as never, at);
    at += a.length;
  }
  return out;
}
