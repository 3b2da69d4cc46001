import type { ArtifactName, DataSource, Json } from '@agent-forge/contracts';
import type { FamilyMix } from '../shared/families.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { merge, readModels, type Models } from './merge-models.js';

/** A nat of loss is worth this much accuracy: it only orders candidates whose answers are equally often right. */
const LOSS_WEIGHT = 0.1;

/** One candidate: all that its fitness depends on. */
export interface ScoreInput {
  /** Names models by their roles. */
  readonly recipe: { readonly [key: string]: Json };
  readonly models: readonly Pick<ArtifactName, 'id' | 'role'>[];
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly seed: number;
  readonly itemsPerFamily: number;
  /** Candidates of one round are scored on the same items, those of another on others. */
  readonly round: number;
}

/** What a thread has at hand from the candidate before: parents and items are the same for a whole generation. */
const kept = new Map<string, Promise<unknown>>();
const MAX_KEPT = 4;

/** Merges a candidate and scores it on the select part. The value is its fitness; lower is better. */
export async function scoreTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as ScoreInput;
  const models = await atHand(['models', plan.models], () =>
    readModels(context.artifacts, plan.models, context.workDir),
  );
  const { families, data, seed, itemsPerFamily, round } = plan;
  const yardstick = await atHand(['yardstick', families, data, seed, itemsPerFamily, round], () =>
    Yardstick.of({ ...context, families, data: data as DataSource[], seed }, 'select', itemsPerFamily, round),
  );
  return { value: fitnessOf(await yardstick.measure(await merge(plan.recipe, models as Models))), artifacts: [] };
}

/** Accuracy, with the loss to break ties; bits per byte where a run has text. Lower is better. */
export function fitnessOf({ tasks, bitsPerByte }: Measured): number {
  if (tasks === undefined) return bitsPerByte ?? Number.NaN;
  return -tasks.accuracy.estimate + LOSS_WEIGHT * (tasks.loss + (bitsPerByte ?? 0));
}

function atHand<T>(key: Json | readonly unknown[], make: () => Promise<T>): Promise<T> {
  const name = JSON.stringify(key);
  const known = kept.get(name) as Promise<T> | undefined;
  if (known) return known;
  const made = make();
  made.catch(() => kept.delete(name));
  kept.set(name, made);
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  return made;
}
