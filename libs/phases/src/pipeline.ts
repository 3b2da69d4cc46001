import { ForgeError, type Recipe } from '@agent-forge/contracts';
import { checkRecipe } from '@agent-forge/run';
import { resolveParams, type Phase } from './phase.js';
import { phases } from './registry.js';

/**
 * Checks a recipe before any work: that its phases exist, that each finds what it reads in what the phase before it makes, that there is something to
 * learn from where that is needed, and every parameter.
 * @throws ForgeError INVALID_ARGUMENT naming the first thing that is wrong
 */
export function checkPipeline(recipe: Recipe, known: readonly Phase[] = phases): void {
  checkRecipe(
    recipe,
    known.map(({ name }) => name),
  );
  const planned = recipe.phases.map(({ phase }) => known.find(({ name }) => name === phase)!);
  planned.forEach((phase, i) => {
    checkConsumption(phase, planned[i - 1], recipe);
    resolveParams(phase, recipe.phases[i]!.params);
  });
}

function checkConsumption({ name, consumes }: Phase, before: Phase | undefined, recipe: Recipe): void {
  const refuse = (problem: string) => new ForgeError('INVALID_ARGUMENT', `recipe is refused: ${name} ${problem}`);
  const hasData = recipe.data.length > 0 || Object.keys(recipe.families).length > 0;
  if (consumes.data && !hasData) throw refuse('learns from task families or data, and the recipe names neither');
  const { kind, atLeast } = consumes;
  if (kind === undefined || atLeast === 0) return;
  if (before === undefined && recipe.models.length >= atLeast) return;
  if (before === undefined)
    throw refuse(
      `reads at least ${atLeast} ${kind}, it is the first phase, and the recipe imports ${recipe.models.length}`,
    );
  if (!before.produces.some((made) => made.kind === kind))
    throw refuse(`reads a ${kind}, and ${before.name} before it makes none`);
}
