import { Command } from 'commander';
import { ForgeError } from '@agent-forge/contracts';
import { assertSubmittable, checkRecipeFile, parseOverride, type RecipeReport } from '@agent-forge/recipe';
import { listOption } from '../options.js';
import { recipeText } from '../runs/recipe-text.js';

const HELP = `
Every mistake is told with line and column, and with what to do. A recipe without any is estimated: steps, time, memory and disk of each phase, from
the speed of this machine, which is measured once; a run that cannot fit its budget, or this machine, is a mistake too. The format is in docs/guides/recipes.md.

Examples:
  forge recipe check recipes/quickstart.yaml
  forge recipe check recipe.yaml --set cognate.maxSeconds=30 --json`;

interface Options {
  readonly set: readonly string[];
  readonly dataDir: string;
  readonly json?: true;
}

/** `forge recipe` */
export function recipeCommand(): Command {
  const check = new Command('check')
    .description('explain every mistake in a recipe, and estimate what it needs')
    .argument('<recipe>', 'YAML file')
    .option('--set <key=value>', 'another value, such as cognate.maxSeconds=30; as often as needed', listOption, [])
    .option('--data-dir <dir>', 'where the speed of this machine is kept, and whose disk is to have room', 'forge-data')
    .option('--json', 'print one JSON object on stdout')
    .addHelpText('after', HELP)
    .action(checkRecipe);
  return new Command('recipe').description('recipes, which say what a run is to do').addCommand(check);
}

async function checkRecipe(path: string, { set, dataDir, json }: Options): Promise<void> {
  const report = await checkRecipeFile(path, { overrides: set.map(parseOverride), dataDir });
  process.stdout.write(json ? `${JSON.stringify(forPrograms(report))}\n` : recipeText(report));
  const count = report.mistakes.length;
  if (count > 0) throw new ForgeError('RECIPE_INVALID', `${path} has ${count} ${count === 1 ? 'mistake' : 'mistakes'}`);
  assertSubmittable(report);
  if (!json)
    process.stdout.write(
      `\n${path} is right; run it with: forge run ${[path, ...set.map((one) => `--set ${one}`)].join(' ')}\n`,
    );
}

/** What `--json` prints. */
function forPrograms({ path, mistakes, problems, estimate }: RecipeReport): object {
  return {
    path,
    valid: mistakes.length === 0 && problems.length === 0,
    mistakes: mistakes.map(({ at: { line, column, source }, problem }) => ({
      ...(source === undefined ? { line, column } : { source }),
      problem,
    })),
    problems,
    ...(estimate ? { estimate } : {}),
  };
}
