import type { MergeRecipe, ModelReference, OutputSlice, SourceSlice } from '../recipe/recipe.js';
import type { MergeMethod } from '../method.js';
import { errorAt } from '../recipe/located-yaml.js';
import { NO_SETTINGS } from '../recipe/settings.js';
import type { Participants } from './participants.js';

/**
 * A recipe's slices: whole models become one slice of all their layers, with the base at the end where it is not listed.
 * @throws ForgeError `INVALID_ARGUMENT` with its place when inputs do not suit the method or layers do not exist
 */
export function slicesOf(recipe: MergeRecipe, participants: Participants): OutputSlice[] {
  const slices = recipe.body.kind === 'slices' ? [...recipe.body.slices] : [wholeModels(recipe, participants)];
  for (const slice of slices) {
    checkInputs(recipe, slice, participants);
    checkLayers(recipe, slice, participants);
  }
  return slices;
}

/** The base of a slice. */
export function baseOf(recipe: MergeRecipe, slice: OutputSlice): ModelReference | null {
  return slice.base ?? recipe.base;
}

function wholeModels(recipe: MergeRecipe, participants: Participants): OutputSlice {
  const models = recipe.body.kind === 'models' ? recipe.body.models : [];
  const { base } = recipe;
  const listed = models.some(
    ({ model }) => base !== null && participants.indexOf(model) === participants.indexOf(base),
  );
  const all = base === null || listed ? models : [...models, { model: base, settings: NO_SETTINGS }];
  const sources = all.map((source): SourceSlice => {
    return { ...source, layers: [0, participants.of(source.model).source.config.numLayers] };
  });
  return { at: models[0]!.model.at, sources, base: null, settings: NO_SETTINGS };
}

function checkInputs(recipe: MergeRecipe, slice: OutputSlice, participants: Participants): void {
  const { method, methodAt, path } = recipe;
  const indices = slice.sources.map(({ model }) => participants.indexOf(model));
  const twice = slice.sources.find((_, i) => indices.indexOf(indices[i]!) < i);
  if (twice) throw errorAt(path, twice.model.at, `the model ${twice.model.text} takes part twice`);
  const base = baseOf(recipe, slice);
  const baseIndex = base === null || method.base === 'ignored' ? null : participants.indexOf(base);
  if (baseIndex !== null && !indices.includes(baseIndex))
    throw errorAt(path, slice.at, `the base model ${base!.text} is not among the sources of this slice`);
  const problem = inputProblem(method, indices, baseIndex);
  if (problem !== null) throw errorAt(path, method.base === 'required' && base === null ? methodAt : slice.at, problem);
}

/**
 * Whether a method can merge these models.
 * @param base index of the base model; null where there is none or the method treats it like the others
 * @returns what is wrong, or null
 */
export function inputProblem(method: MergeMethod, models: readonly number[], base: number | null): string | null {
  const hasBase = base !== null && models.includes(base);
  if (method.base === 'required' && !hasBase) return `${method.name} needs a base_model`;
  const others = models.length - (hasBase ? 1 : 0);
  const { min, max } = method.inputs;
  if (others >= min && others <= max) return null;
  const wanted = min === max ? `exactly ${min}` : others < min ? `at least ${min}` : `at most ${max}`;
  const beside = method.base === 'ignored' ? '' : ' beside the base';
  return `${method.name} merges ${wanted} model(s)${beside}, not ${others}`;
}

function checkLayers({ path, body }: MergeRecipe, { at, sources }: OutputSlice, participants: Participants): void {
  if (body.kind === 'models') return;
  const lengths = new Set(sources.map(({ layers: [from, to] }) => to - from));
  if (lengths.size > 1) throw errorAt(path, at, 'the sources of a slice must have the same number of layers');
  for (const { model, layers } of sources) {
    const { numLayers } = participants.of(model).source.config;
    if (layers[1] > numLayers)
      throw errorAt(
        path,
        model.at,
        `layer_range [${layers.join(', ')}] goes beyond the ${numLayers} layers of ${model.text}`,
      );
  }
}
