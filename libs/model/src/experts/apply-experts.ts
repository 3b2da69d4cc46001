import { ForgeError } from '@agent-forge/contracts';
import type { SessionOptions } from '@agent-forge/tensor';
import type { Model } from '../weights.js';
import { nearestClass } from './centroids.js';
import { assertFits, type ExpertPack, type Mixture, mixtureScales, type Router } from './expert-pack.js';
import { ExpertMerger } from './expert-merger.js';
import { promptStates } from './prompt-states.js';
import { decompose, type Decomposition } from './svd.js';
import type { Scales } from './svf.js';

/**
 * A model with a mixture of experts in its weights, `{ NAME: 1 }` for one alone. One with the ternary mark still quantises them, so its exports stay ternary.
 * @param decomposition of the model's weights, where it is at hand
 * @throws ForgeError `SHAPE_MISMATCH` when the pack is for other weights, `INVALID_ARGUMENT` for an expert that it does not have or a model that
 *   {@link assertScalable} refuses
 */
export async function applyExperts(
  model: Model,
  pack: ExpertPack,
  mixture: Mixture,
  { decomposition, ...options }: SessionOptions & { readonly decomposition?: Decomposition } = {},
): Promise<Model> {
  assertFits(pack, model.weights);
  const scales = mixtureScales(pack, mixture);
  const [applied] = await scaledModels(model, decomposition ?? decompose(model.weights), [scales], options);
  return applied!;
}

/**
 * The model with each of several scales in its weights, all of one form.
 * @throws ForgeError as {@link assertScalable}
 */
export async function scaledModels(
  model: Model,
  decomposition: Decomposition,
  all: readonly Scales[],
  options: SessionOptions = {},
): Promise<Model[]> {
  assertScalable(model);
  const [first] = all;
  if (first === undefined) return [];
  const merger = await ExpertMerger.create(model.weights, decomposition, first, options);
  try {
    const models: Model[] = [];
    for (const scales of all) models.push({ ...model, weights: await merger.weights(scales) });
    return models;
  } finally {
    await merger.release();
  }
}

/**
 * Scaled ternary weights are ternary again only where the model still quantises them.
 * @throws ForgeError `INVALID_ARGUMENT` for a packed ternary model
 */
export function assertScalable({ config }: Pick<Model, 'config'>): void {
  if (config.ternary?.mode === 'offline')
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'the weights of this model are ternary for good (packed); experts need those that it was trained with',
    );
}

/** The expert of each prompt by a pack's router; undefined where the base model is to answer. @param model the base model */
export async function routePrompts(
  model: Model,
  { reading, centroids, expertOf }: Router,
  prompts: readonly (readonly number[])[],
  options: { readonly threads?: number; readonly signal?: AbortSignal } = {},
): Promise<(string | undefined)[]> {
  const states = await promptStates(model, prompts, options);
  return states.map((state) => expertOf[nearestClass(centroids, state[reading])]);
}
