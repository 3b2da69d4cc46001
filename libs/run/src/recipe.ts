import type { JsonObject } from '@bufbuild/protobuf';
import {
  ForgeError,
  isDigest,
  isId,
  MAX_RECIPE_DATA,
  MAX_RECIPE_PHASES,
  MAX_TEXT_LENGTH,
  NOBODY,
  type PhasePlan,
  type Recipe,
} from '@agent-forge/contracts';

/** Names of data sets, for example `book` or `train.jsonl`. */
const DATA_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;

/**
 * Checks what can be checked of a recipe without reading data or asking phases for their parameters.
 * @param known names of the phases that can be run
 * @throws ForgeError INVALID_ARGUMENT naming the field and what is allowed
 */
export function checkRecipe(recipe: Recipe, known: readonly string[]): void {
  const { name, phases, data } = recipe;
  refuseIf(name.length > MAX_TEXT_LENGTH, `name is over ${MAX_TEXT_LENGTH} characters`);
  refuseIf(phases.length === 0, `phases is empty; name at least one of ${known.join(', ')}`);
  refuseIf(phases.length > MAX_RECIPE_PHASES, `phases has ${phases.length} entries, over ${MAX_RECIPE_PHASES}`);
  phases.forEach(({ phase }, i) => {
    const place = `phases[${i}].phase`;
    refuseIf(
      !isId(phase) || !known.includes(phase),
      `${place} "${phase.slice(0, 80)}" is unknown; known are ${known.join(', ')}`,
    );
    refuseIf(phases.findIndex((other) => other.phase === phase) < i, `${place} "${phase}" stands in the recipe twice`);
  });
  refuseIf(data.length > MAX_RECIPE_DATA, `data has ${data.length} entries, over ${MAX_RECIPE_DATA}`);
  data.forEach((source, i) => {
    const place = `data[${i}]`;
    refuseIf(!DATA_NAME.test(source.name), `${place}.name must be 1 to 64 letters, digits, "_", "-" or "."`);
    refuseIf(!isDigest(source.artifactId), `${place}.artifactId must be 64 hexadecimal digits (upload the data first)`);
    refuseIf(
      data.findIndex((other) => other.name === source.name) < i,
      `${place}.name "${source.name}" stands in the recipe twice`,
    );
  });
}

/** The plan of a phase in a recipe. */
export function planOf(recipe: Recipe, phase: string): PhasePlan | undefined {
  return recipe.phases.find((plan) => plan.phase === phase);
}

/** The phase that follows in this recipe, or `none`. */
export function phaseAfter(recipe: Recipe, phase: string): string {
  const at = recipe.phases.findIndex((plan) => plan.phase === phase);
  return recipe.phases[at + 1]?.phase ?? NOBODY;
}

/** The recipe with some parameters of one phase replaced. */
export function withParams(recipe: Recipe, phase: string, params: JsonObject): Recipe {
  if (Object.keys(params).length === 0) return recipe;
  const phases = recipe.phases.map((plan) =>
    plan.phase === phase ? { ...plan, params: { ...plan.params, ...params } } : plan,
  );
  return { ...recipe, phases };
}

function refuseIf(wrong: boolean, problem: string): void {
  if (wrong) throw new ForgeError('INVALID_ARGUMENT', `recipe is refused: ${problem}`);
}
