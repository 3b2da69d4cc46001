import type { DataSource, Json } from '@agent-forge/contracts';
import { SequenceScorer, tokensPerCall, type Model } from '@agent-forge/model';
import type { FamilyMix } from '../shared/families.js';
import { startOf, textsOf, type TrainInput } from '../shared/train-task.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { drawPool, type PoolItem } from './pool.js';

/** A pool to be drawn, and which part of it one task looks at: all that its result depends on. */
export interface PoolInput {
  /** Whose losses are wanted. */
  readonly model: string;
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  readonly size: number;
  readonly rowLength: number;
  readonly seed: number;
  /** Items of this part and of no other. */
  readonly begin: number;
  readonly end: number;
}

/** How hard a part of a pool is for a model. The value is the mean loss of each item, in nats per token that counts. */
export async function rankTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  const plan = input as unknown as PoolInput;
  const { model, items } = await poolPart(plan, context);
  return { value: await lossesOf(model, items, context), artifacts: [] };
}

/** The model of a pool's plan, and its part of the pool. */
export async function poolPart(
  plan: PoolInput,
  context: TaskContext,
): Promise<{ model: Model; items: readonly PoolItem[] }> {
  const { families, size, rowLength, seed, data, begin, end } = plan;
  const model = await startOf({ from: { model: plan.model }, seed }, context);
  const whole: Pick<TrainInput, 'data' | 'share'> = { data, share: { index: 0, count: 1 } };
  const pool = drawPool({ families, texts: await textsOf(whole, context), size, rowLength, seed }, model);
  return { model, items: pool.slice(begin, end) };
}

/** Mean loss of each sequence under a model, in nats per token that counts. */
export async function lossesOf(
  model: Model,
  items: readonly PoolItem[],
  { threads, signal, report }: Pick<TaskContext, 'threads' | 'signal' | 'report'>,
): Promise<number[]> {
  const maxLength = items.reduce((most, { ids }) => Math.max(most, ids.length - 1), 1);
  const perCall = Math.max(1, Math.floor(tokensPerCall(model) / maxLength));
  const scorer = await SequenceScorer.create(model, { threads, maxLength });
  const losses: number[] = [];
  try {
    for (let at = 0; at < items.length; at += perCall) {
      signal.throwIfAborted();
      const batch = items.slice(at, at + perCall);
      const scores = await scorer.score(batch.map(({ ids }) => ids));
      scores.forEach(({ nll }, i) => losses.push(meanOf(batch[i]!.learnt.slice(1), nll)));
      report({ fraction: losses.length / items.length });
    }
  } finally {
    await scorer.release();
  }
  return losses;
}

/** Mean of the values that count. */
function meanOf(counts: readonly number[], values: Float32Array): number {
  const total = counts.reduce((sum, count, i) => sum + count * values[i]!, 0);
  return total / counts.reduce((sum, count) => sum + count, 0);
}
