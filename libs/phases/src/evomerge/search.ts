import { performance } from 'node:perf_hooks';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { createSearch, type Search } from '@agent-forge/search';
import type { PhaseContext } from '../phase.js';
import { averageGenome, recipeOf, type GenomeForm } from './genome.js';
import type { EvomergeParams } from './params.js';
import type { ScoreInput } from './score-task.js';

/** A smaller gain of the generation's mean is none. */
const LEAST_GAIN = 0.001;
/** A search of fewer generations has learnt nothing. */
const LEAST_GENERATIONS = 2;
/** The round of the candidate that is timed. */
const TIMED_ROUND = 0;

type Context = PhaseContext<EvomergeParams>;

/** What a search is on. */
export interface SearchSpace {
  readonly form: GenomeForm;
  /** The models that take part, base included. */
  readonly models: readonly Pick<ArtifactName, 'id' | 'role'>[];
}

/** What is saved after each generation. */
interface Saved {
  readonly search: Json;
  /** Mean fitness of each generation so far. */
  readonly history: readonly number[];
}

/** Searches until the evaluations are used up or nothing is gained any more. Goes on from the host's checkpoint with the same trajectory. */
export async function searchMerge(
  context: Context,
  space: SearchSpace,
  onProgress: (share: number, metrics: Record<string, number>) => void,
): Promise<{ search: Search; history: readonly number[] }> {
  const { params, seed } = context;
  const { generations } = await context.plan(() => planGenerations(context, space));
  const saved = context.checkpoint?.state as unknown as Saved | undefined;
  const { population, sigma, algorithm } = params;
  const settings = { start: averageGenome(space.form), sigma, seed: `${seed}/evomerge`, population };
  const search = createSearch(algorithm, settings, saved?.search);
  const history = [...(saved?.history ?? [])];
  while (search.generation < generations && !isStuck(history, params.patience)) {
    context.signal.throwIfAborted();
    const fitness = await score(context, space, search.ask(), search.generation + 1);
    search.tell(fitness);
    history.push(fitness.reduce((sum, value) => sum + value, 0) / fitness.length);
    await context.saveCheckpoint({ state: { search: search.state(), history: [...history] }, artifacts: [] });
    onProgress(search.generation / generations, { meanFitness: -history.at(-1)!, bestFitness: -search.best!.fitness });
  }
  return { search, history };
}

/** The fitness of genomes on the items of one round. */
export async function score(
  context: Context,
  { form, models }: SearchSpace,
  genomes: readonly (readonly number[])[],
  round: number,
  itemsPerFamily = context.params.itemsPerFamily,
): Promise<number[]> {
  const { families, data, seed } = context;
  const inputs = genomes.map((genome): ScoreInput => ({
    recipe: recipeOf(form, genome),
    models,
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    seed,
    itemsPerFamily,
    round,
  }));
  const outputs = await context.runTasks('score', inputs as unknown as Json[]);
  return outputs.map(({ value }) => value as number);
}

/** Generations in a budget: given, or by timing candidates once. */
async function planGenerations(context: Context, space: SearchSpace): Promise<{ generations: number }> {
  const { params } = context;
  if (params.evaluations !== undefined)
    return { generations: Math.max(1, Math.floor(params.evaluations / params.population)) };
  const start = averageGenome(space.form);
  // The first also reads the models; the second, a little beside it so that no cache knows it, is what each costs.
  await score(context, space, [start], TIMED_ROUND);
  const startMs = performance.now();
  await score(context, space, [start.map((value) => 1.001 * value)], TIMED_ROUND);
  const seconds = (performance.now() - startMs) / 1000;
  return { generations: Math.max(LEAST_GENERATIONS, Math.floor(params.maxSeconds / (seconds * params.population))) };
}

function isStuck(history: readonly number[], patience: number): boolean {
  if (history.length <= patience) return false;
  const before = Math.min(...history.slice(0, -patience));
  return Math.min(...history.slice(-patience)) > before - LEAST_GAIN;
}
