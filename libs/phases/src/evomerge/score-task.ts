import type { DataSource, Json } from '@agent-forge/contracts';
import type { FamilyMix } from '../shared/families.js';
import { fitnessOf } from '../shared/fitness.js';
import { Yardstick } from '../shared/yardstick.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { merge, readModels, type Models, type RoleRecipe, type StoredModel } from './merge-models.js';

/** One candidate: all that its fitness depends on. */
export interface ScoreInput {
  readonly recipe: RoleRecipe;
  readonly models: readonly StoredModel[];
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly seed: number;
  readonly itemsPerFamily: number;
  readonly textBytes: number;
  /** Candidates of one round are scored on the same items, those of another on others. */
  readonly round: number;
}

/** What a thread has at hand from the candidate before: parents and items are the same for a whole generation. */
const kept = new Map<string, Promise<unknown>>();
/** Parents and items of the last two rounds. */
const MAX_KEPT = 4;

/** Merges a candidate and scores it on the select part. The value is its fitness; lower is better. */
export async function scoreTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ScoreInput;
  const models = await atHand<Models>(['models', plan.models], () =>
    readModels(context.artifacts, plan.models, context.workDir),
  );
  const { families, data, seed, itemsPerFamily, textBytes, round } = plan;
  const yardstick = await atHand(['yardstick', families, data, seed, itemsPerFamily, textBytes, round], () =>
    Yardstick.of({ ...context, families, data: data as DataSource[], seed }, 'select', itemsPerFamily, {
      round,
      textBytes,
    }),
  );
  return { value: await scoreMerge(plan.recipe, models, yardstick, context), artifacts: [] };
}

/** The fitness of one candidate. */
export async function scoreMerge(
  recipe: RoleRecipe,
  models: Models,
  yardstick: Yardstick,
  host: Pick<TaskContext, 'threads' | 'signal'>,
): Promise<number> {
  // Nobody reads the intervals of a candidate.
  return fitnessOf(await yardstick.measure(await merge(recipe, models), host, { hasIntervals: false }));
}

/** Made once and kept while it is among the last that were wanted. */
function atHand<T>(key: readonly unknown[], make: () => Promise<T>): Promise<T> {
  const name = JSON.stringify(key);
  const made = (kept.get(name) as Promise<T> | undefined) ?? make();
  made.catch(() => kept.delete(name));
  // Wanted last, so at the end.
  kept.delete(name);
  kept.set(name, made);
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  return made;
}
