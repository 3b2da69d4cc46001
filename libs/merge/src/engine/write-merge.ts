import { availableParallelism } from 'node:os';
import { basename, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { writeModelFolder, type LazyWeights } from '@agent-forge/model';
import type { MergePlan } from '../plan/plan.js';
import type { MergeRecipe } from '../recipe/recipe.js';
import { MergePool } from './merge-pool.js';
import { modelCard } from './model-card.js';

/** More threads than this wait for memory and disk. */
export const MAX_THREADS = 16;

/** How far a merge is. */
export interface MergeProgress {
  /** Name of the tensor that was computed last. */
  readonly tensor: string;
  readonly done: number;
  readonly total: number;
}

export interface WriteMergeOptions {
  /** Default: one for each processor. */
  readonly threads?: number;
  /** Weights larger than this are split into several files; default as {@link writeModelFolder}. */
  readonly maxShardBytes?: number;
  readonly onProgress?: (progress: MergeProgress) => void;
  readonly signal?: AbortSignal;
}

/**
 * Merges model folders into a new one, streaming: memory is bounded by the largest tensor, whatever the size of the models.
 * The folder appears when all of it is there, with the recipe (`mergekit_config.yml`) and a model card. Its tensors depend
 * neither on shards nor on threads.
 * @throws ForgeError `FILE_EXISTS`, `CANCELLED`, `AUDIT_FAILED` when a value of the result is not finite or too large for its
 *   type, and what reading throws
 */
export async function writeMerge(
  recipe: MergeRecipe,
  plan: MergePlan,
  path: string,
  options: WriteMergeOptions = {},
): Promise<void> {
  const { threads = Math.min(availableParallelism(), MAX_THREADS), maxShardBytes, signal } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `threads is ${threads}; it must be a whole number from 1 to ${MAX_THREADS}`,
    );
  const dtypes = new Map(plan.work.tensors.map(({ name, dtype }) => [name, dtype]));
  const pool = new MergePool(plan, threads);
  const stop = (): void => void pool.close();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (signal?.aborted) stop();
    const weights = reporting(pool, options);
    await writeModelFolder(
      path,
      { config: plan.config, tokenizer: plan.tokenizer, weights },
      {
        dtype: (name) => dtypes.get(name)!,
        allowZeroTensors: true,
        extraFiles: {
          'README.md': modelCard(basename(resolve(path)), recipe, plan),
          'mergekit_config.yml': recipe.text,
        },
        ...(maxShardBytes !== undefined && { maxShardBytes }),
      },
    );
  } finally {
    signal?.removeEventListener('abort', stop);
    await pool.close();
  }
}

/** The same weights, with a report for each that is read. */
function reporting(pool: MergePool, { onProgress, signal }: WriteMergeOptions): LazyWeights {
  let done = 0;
  const total = pool.shapes.size;
  return {
    shapes: pool.shapes,
    read: (name, ahead) => pool.read(name, ahead),
    readStored: async (name, ahead) => {
      if (signal?.aborted) throw new ForgeError('CANCELLED', 'the merge was stopped');
      const bytes = await pool.readStored(name, ahead);
      onProgress?.({ tensor: name, done: ++done, total });
      return bytes;
    },
  };
}
