import { ForgeError, type Recipe } from '@agent-forge/contracts';
import { checkRecipe } from '@agent-forge/run';
import { metricMistakes } from './metric-mistakes.js';
import { paramError, paramMistakes, type ParamMistake } from './param-mistakes.js';
import { resolveParams, type Phase } from './phase.js';
import { phases } from './registry.js';

/** Something wrong with one phase of a recipe: with a parameter, or, where the path is empty, with what it reads. */
export interface PipelineMistake extends ParamMistake {
  readonly phase: string;
}

/** What of a recipe decides whether its phases fit together. */
export interface Pipeline {
  readonly phases: readonly {
    readonly phase: string;
    readonly params?: unknown;
    readonly gates?: Readonly<Record<string, unknown>>;
  }[];
  readonly data: readonly unknown[];
  readonly models: readonly { readonly name: string }[];
  readonly families: Readonly<Record<string, number>>;
}

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
  const [mistake] = pipelineMistakes(recipe, known);
  if (mistake === undefined) return;
  const { phase, path, problem } = mistake;
  if (path.length > 0) throw paramError(phase, mistake);
  throw new ForgeError('INVALID_ARGUMENT', `recipe is refused: ${phase} ${problem}`);
}

/** Everything that is wrong with the phases of a recipe, in their order. Phases that are not known are left to others. */
export function pipelineMistakes(recipe: Pipeline, known: readonly Phase[] = phases): PipelineMistake[] {
  let before: Phase | undefined;
  return recipe.phases.flatMap(({ phase: name, params, gates = {} }, i) => {
    const phase = known.find((one) => one.name === name);
    if (phase === undefined) return [];
    const problems = consumptionProblems(phase, params, i === 0 ? 'first' : before, recipe);
    const models = i === 0 ? recipe.models.map((model) => model.name) : modelRoles(before);
    before = phase;
    const ofReading = problems.map((problem) => ({ phase: name, path: [], problem }));
    const schema = paramMistakes(phase, params);
    const mistakes =
      schema.length > 0 ? schema : (phase.check?.(resolveParams(phase, params), recipe.families, models) ?? []);
    const imported = i === 0 ? models : [];
    const ofGates = metricMistakes(
      phase,
      gates,
      imported.flatMap((role) => [role, `seed-${role}`]),
    );
    return [...ofReading, ...[...mistakes, ...ofGates].map((mistake) => ({ phase: name, ...mistake }))];
  });
}

function modelRoles(phase: Phase | undefined): string[] {
  return (phase?.produces ?? []).filter(({ kind }) => kind === 'model').map(({ role }) => role);
}

function consumptionProblems(
  { consumes }: Phase,
  params: unknown,
  before: Phase | 'first' | undefined,
  recipe: Pipeline,
): string[] {
  const problems: string[] = [];
  const { kind, relaxed } = consumes;
  const isRelaxed =
    relaxed !== undefined && (params as Record<string, unknown> | undefined)?.[relaxed.by] !== undefined;
  const { data, atLeast } = isRelaxed ? relaxed : consumes;
  const hasData = recipe.data.length > 0 || Object.keys(recipe.families).length > 0;
  if (data && !hasData) problems.push('learns from task families or data, and the recipe names neither');
  if (kind === undefined || atLeast === 0 || before === undefined) return problems;
  if (before === 'first') {
    const count = recipe.models.length;
    if (count < atLeast)
      problems.push(`reads at least ${atLeast} ${kind}s, it is the first phase, and the recipe imports ${count}`);
  } else if (!before.produces.some((made) => made.kind === kind))
    problems.push(`reads a ${kind}, and ${before.name} before it makes none`);
  return problems;
}
