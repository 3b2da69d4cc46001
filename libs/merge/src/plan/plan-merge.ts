import type { LlamaConfig } from '@agent-forge/model';
import type { MergeRecipe, OutputSlice } from '../recipe/recipe.js';
import { assertFit, behaviourNotes, mismatches } from './compatibility.js';
import { unusedFilters } from './filters.js';
import { openLocal, Participants, type Named, type OpenModel } from './participants.js';
import type { MergePlan } from './plan.js';
import { slicesOf } from './slices.js';
import { hasHead, planTensors } from './tensor-planner.js';
import { vocabularyMismatch, vocabularyOf, type Vocabulary } from './vocabulary.js';

/**
 * Checks a whole merge and decides how each tensor of the result is made. Reads configurations, tokenizers and headers, no
 * weights.
 * @param open gives the models that the recipe names; default: local folders
 * @throws ForgeError `INVALID_ARGUMENT` with line and column for what the recipe says, `SHAPE_MISMATCH` with everything that
 *   does not fit together, `FILE_NOT_FOUND`, and what opening a model throws
 */
export async function planMerge(recipe: MergeRecipe, open: OpenModel = openLocal(recipe.path)): Promise<MergePlan> {
  const participants = await Participants.open(recipe, open);
  const slices = slicesOf(recipe, participants);
  const parts = modelsOf(slices, participants);
  const donor = recipe.base ? participants.of(recipe.base) : parts[0]!;
  const givers = modelsOf([slices[0]!, slices.at(-1)!], participants);
  const vocabularies = vocabularyMismatch(recipe, givers);
  const problems = mismatches([...new Set([donor, ...parts])], recipe.body.kind === 'models');
  assertFit(vocabularies === null ? problems : [...problems, vocabularies], recipe.path);
  const vocabulary = vocabularyOf(recipe, participants, parts, givers, donor);
  const config = configOf(recipe, donor, slices, participants, vocabulary);
  const tensors = planTensors(recipe, participants, slices, config, vocabulary.align);
  const notes = [
    ...recipe.notes,
    ...vocabulary.notes,
    ...behaviourNotes(parts, donor),
    ...unusedFilters(recipe, slices, tensors),
  ];
  return {
    work: { method: recipe.method.name, cast: recipe.dtype, seed: recipe.seed, tensors },
    sources: participants.models.map(({ source }) => source),
    config,
    tokenizer: vocabulary.tokenizer,
    notes,
  };
}

/** Models that give tensors to slices, each once. */
function modelsOf(slices: readonly OutputSlice[], participants: Participants): Named[] {
  return [...new Set(slices.flatMap(({ sources }) => sources.map(({ model }) => participants.of(model))))];
}

/** The donor's configuration with the layers, vocabulary and head of the result. */
function configOf(
  recipe: MergeRecipe,
  donor: Named,
  slices: readonly OutputSlice[],
  participants: Participants,
  { rows, tokens }: Vocabulary,
): LlamaConfig {
  const numLayers = slices.reduce((sum, { sources: [first] }) => sum + first!.layers[1] - first!.layers[0], 0);
  return {
    ...donor.source.config,
    ...tokens,
    numLayers,
    vocabSize: rows,
    tieWordEmbeddings: !hasHead(recipe, participants, slices),
  };
}
