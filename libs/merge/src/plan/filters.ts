import type { MergeRecipe, OutputSlice } from '../recipe/recipe.js';
import type { PlannedTensor } from './plan.js';

/** Notes on filters that fit no tensor, which is nearly always a slip of the pen. */
export function unusedFilters(
  recipe: MergeRecipe,
  slices: readonly OutputSlice[],
  tensors: readonly PlannedTensor[],
): string[] {
  const places = [
    recipe.settings,
    recipe.moduleSettings,
    ...slices.flatMap((s) => [s.settings, ...s.sources.map((each) => each.settings)]),
  ];
  const filters = places.flatMap((settings) =>
    [...settings.values()].flatMap(({ cases }) => cases.map(({ filter }) => filter)),
  );
  const names = new Set(
    tensors.flatMap(({ name, base, inputs }) => [name, ...[base, ...inputs].map((each) => each?.tensor ?? '')]),
  );
  return [...new Set(filters)]
    .filter((filter) => filter !== null && ![...names].some((name) => name.includes(filter)))
    .map((filter) => `the filter ${JSON.stringify(filter)} fits no tensor`);
}
