import { performance } from 'node:perf_hooks';
import type { Json } from '@agent-forge/contracts';
import { createSearch, type Search } from '@agent-forge/search';
import type { PhaseContext } from '../phase.js';
import { Yardstick } from '../shared/yardstick.js';
import { recipeOf, startGenome, type GenomeForm } from './genome.js';
import type { Models, StoredModel } from './merge-models.js';
import { TEXT_BYTES, type EvomergeParams } from './params.js';
import { scoreMerge, type ScoreInput } from './score-task.js';

/** A smaller gain of a generation's mean is none. */
const LEAST_GAIN = 0.001;
/** A search of fewer generations has learnt nothing. */
const LEAST_GENERATIONS = 2;
/** Candidates that are timed; the first of them warms up. */
const TIMED = 4;
/** Generations count from 1. */
const TIMED_ROUND = 0;

type Context = PhaseContext<EvomergeParams>;

/** What a search is on. */
export interface SearchSpace {
  readonly form: GenomeForm;
  /** The models that take part, base included. */
  readonly stored: readonly StoredModel[];
  readonly models: Models;
}

/** What is saved after each generation. */
interface Saved {
  readonly search: Json;
  /** Lowest mean fitness of a generation so far, and the generations since; null before the first. */
  readonly lowest: number | null;
  readonly stale: number;
}

/**
 * Searches until the evaluations are used up or nothing is gained any more. Goes on from the host's checkpoint with the same trajectory.
 * @param onGeneration hears the share that is done
 */
export async function searchMerge(
  context: Context,
  space: SearchSpace,
  onGeneration: (search: Search, generations: number, meanFitness: number) => void,
): Promise<Search> {
  const { params, seed } = context;
  const saved = context.checkpoint?.state as unknown as Saved | undefined;
  const { population, sigma, algorithm } = params;
  const settings = { start: startGenome(space.form), sigma, seed: `${seed}/evomerge`, population };
  const search = createSearch(algorithm, settings, saved?.search);
  const { generations } = await context.plan(() => planGenerations(context, space, search.ask().length));
  let { lowest, stale } = saved ?? { lowest: null, stale: 0 };
  while (search.generation < generations && stale < params.patience) {
    context.signal.throwIfAborted();
    const fitness = await score(context, space, search.ask(), {
      round: search.generation + 1,
      itemsPerFamily: params.itemsPerFamily,
      textBytes: TEXT_BYTES,
    });
    search.tell(fitness);
    const mean = fitness.reduce((sum, value) => sum + value, 0) / fitness.length;
    stale = lowest === null || mean < lowest - LEAST_GAIN ? 0 : stale + 1;
    lowest = Math.min(lowest ?? Infinity, mean);
    await context.saveCheckpoint({ state: { search: search.state(), lowest, stale }, artifacts: [] });
    onGeneration(search, generations, mean);
  }
  return search;
}

/** What candidates are scored on. */
export type ScoreDraw = Pick<ScoreInput, 'round' | 'itemsPerFamily' | 'textBytes'>;

/** The fitness of genomes, all on the same items and texts. */
export async function score(
  context: Context,
  { form, stored }: SearchSpace,
  genomes: readonly (readonly number[])[],
  draw: ScoreDraw,
): Promise<number[]> {
  const { families, data, seed } = context;
  const inputs = genomes.map((genome): ScoreInput => ({
    recipe: recipeOf(form, genome),
    models: stored,
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    seed,
    ...draw,
  }));
  const outputs = await context.runTasks('score', inputs as unknown as Json[]);
  return outputs.map(({ value }) => value as number);
}

/** Generations in a budget: given, or by timing candidates here, where no result of an earlier run is found instead. */
async function planGenerations(
  context: Context,
  { form, models }: SearchSpace,
  population: number,
): Promise<{ generations: number }> {
  const { evaluations, maxSeconds, itemsPerFamily } = context.params;
  if (evaluations !== undefined) return { generations: Math.max(1, Math.floor(evaluations / population)) };
  const yardstick = await Yardstick.of(context, 'select', itemsPerFamily, {
    round: TIMED_ROUND,
    textBytes: TEXT_BYTES,
  });
  let startMs = performance.now();
  for (let i = 0; i < TIMED; i++) {
    if (i === 1) startMs = performance.now();
    await scoreMerge(recipeOf(form, startGenome(form)), models, yardstick, context);
  }
  const seconds = (performance.now() - startMs) / 1000 / (TIMED - 1);
  return { generations: Math.max(LEAST_GENERATIONS, Math.floor(maxSeconds / (seconds * population))) };
}
