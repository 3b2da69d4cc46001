import { existsSync } from 'node:fs';
import { ForgeError, type BudgetRequest } from '@agent-forge/contracts';
import type { Mistake } from '@agent-forge/merge';
import type { Situation } from '@agent-forge/phases';
import { checkFiles } from './check-files.js';
import { budgetProblems, estimateRun, machineProblems, type RunEstimate } from './estimate/estimate-run.js';
import { freeResources, trainingRate, type RateOptions } from './estimate/machine.js';
import type { Override } from './override.js';
import { readRecipe } from './read-recipe.js';
import type { Recipe } from './recipe.js';

/** Everything that can be said of a recipe before any work. */
export interface RecipeReport {
  readonly path: string;
  /** In the order of the file. */
  readonly mistakes: readonly Mistake[];
  /** Undefined when there are mistakes. */
  readonly recipe?: Recipe;
  readonly estimate?: RunEstimate;
  /** Why it does not fit into its budget, or onto this machine. */
  readonly problems: readonly string[];
}

/** How a recipe is checked. */
export interface CheckOptions {
  readonly overrides?: readonly Override[];
  /** Where the speed of this machine is kept, if it is there, and whose disk is to have room; otherwise that of the working directory. */
  readonly dataDir?: string;
  /** Whether the run is for another machine: what this one can do says nothing then, and nothing is estimated. */
  readonly elsewhere?: boolean;
}

/**
 * Reads a recipe, looks at the files that it names, and estimates what it needs.
 * @throws ForgeError what {@link readRecipe} throws
 */
export async function checkRecipeFile(path: string, options: CheckOptions = {}): Promise<RecipeReport> {
  const { overrides = [], elsewhere = false } = options;
  const { recipe, mistakes } = await readRecipe(path, overrides);
  if (recipe === undefined) return { path, mistakes, problems: [] };
  const files = await checkFiles(recipe);
  if (files.mistakes.length > 0) return { path, mistakes: files.mistakes, problems: [] };
  if (elsewhere) return { path, recipe, mistakes, problems: [] };
  const dataDir = options.dataDir !== undefined && existsSync(options.dataDir) ? options.dataDir : undefined;
  const { models, dataBytes } = files;
  const situation = { models, dataBytes, families: Object.keys(recipe.families).length };
  const { estimate, problems } = await fitToBudget(recipe, situation, dataDir === undefined ? {} : { dataDir });
  const tooLarge = machineProblems(estimate, await freeResources(dataDir ?? '.'));
  return { path, recipe, mistakes, estimate, problems: [...problems, ...tooLarge] };
}

/** What the estimate of a run depends on, besides the machine. */
export type RunInputs = Pick<Situation, 'models' | 'dataBytes' | 'families'>;

/** A run, as far as it is estimated. */
export interface PlannedRun {
  readonly phases: Parameters<typeof estimateRun>[0];
  readonly budget: BudgetRequest;
}

/** Estimates a run and holds it against its budget. A rate that was measured in a bad moment refuses nothing: it is measured again. */
export async function fitToBudget(
  { phases, budget }: PlannedRun,
  inputs: RunInputs,
  kept: Pick<RateOptions, 'dataDir' | 'isRough'> = {},
): Promise<{ estimate: RunEstimate; problems: string[] }> {
  const judge = (trainFlopsPerSecond: number) => {
    const estimate = estimateRun(phases, { ...inputs, trainFlopsPerSecond });
    return { estimate, problems: budgetProblems(estimate, budget) };
  };
  const first = judge(await trainingRate(kept));
  const isTooSlow = budget.seconds !== undefined && first.problems.length > 0;
  return isTooSlow ? judge(await trainingRate({ ...kept, again: true })) : first;
}

/**
 * A recipe that can be submitted.
 * @throws ForgeError RECIPE_INVALID with its first mistake, BUDGET_EXCEEDED when it cannot fit
 */
export function assertSubmittable({ path, mistakes, recipe, problems }: RecipeReport): Recipe {
  if (problems.length > 0) throw new ForgeError('BUDGET_EXCEEDED', `${path} cannot fit: ${problems.join('; ')}`);
  if (recipe !== undefined) return recipe;
  const [first, ...others] = mistakes;
  const more = others.length > 0 ? ` (and ${others.length} more: forge recipe check ${path})` : '';
  throw new ForgeError('RECIPE_INVALID', `${mistakeLine(path, first!)}${more}`);
}

/** A mistake as editors and people read it: `recipe.yaml:3:5: problem`. */
export function mistakeLine(path: string, { at, problem }: Mistake): string {
  return `${at.source ?? `${path}:${at.line}:${at.column}`}: ${problem}`;
}
