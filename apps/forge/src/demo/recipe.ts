import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { phases } from '@agent-forge/phases';
import { assertSubmittable, checkRecipeFile, parseOverride, readRecipe, type Recipe } from '@agent-forge/recipe';

/** The name of the demo's runs; those that an earlier demo left behind are known by it. */
export const DEMO_NAME = 'npm run demo';

const recipeFile = (name: string) => fileURLToPath(new URL(`../../../../recipes/${name}.yaml`, import.meta.url));

/** What the demo's recipe is and what is changed of it. */
export interface DemoRecipeOptions {
  /** Another recipe than recipes/quickstart.yaml. */
  readonly recipe?: string;
  /** A text to learn instead of small tasks. */
  readonly text?: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly set?: readonly string[];
}

/**
 * The recipe that the demo runs, checked.
 * @throws ForgeError RECIPE_INVALID, BUDGET_EXCEEDED, FILE_NOT_FOUND
 */
export async function demoRecipe({ recipe, text, seed, steps, set = [] }: DemoRecipeOptions): Promise<Recipe> {
  const path = recipe ?? recipeFile(text === undefined ? 'quickstart' : 'from-text');
  const overrides = [
    `name=${DEMO_NAME}`,
    ...(text === undefined ? [] : [`data.text=${resolve(text)}`]),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(steps === undefined ? [] : (await timedPhases(path)).map((phase) => `${phase}.steps=${steps}`)),
    ...set,
  ];
  return assertSubmittable(await checkRecipeFile(path, { overrides: overrides.map(parseOverride) }));
}

/** The phases of a recipe that train for a time, and take a number of steps instead. */
async function timedPhases(path: string): Promise<string[]> {
  const { recipe } = await readRecipe(path);
  const isTimed = (name: string) => {
    const { properties } = phases.find((phase) => phase.name === name)!.params;
    return 'maxSeconds' in properties && 'steps' in properties;
  };
  return (recipe?.phases ?? []).map(({ phase }) => phase).filter(isTimed);
}
