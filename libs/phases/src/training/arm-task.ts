import { ForgeError, Rng, type Json } from '@agent-forge/contracts';
import { byteTokenizer, selfModel, type BatchSource, type Model, type SelfModelOptions } from '@agent-forge/model';
import { Blend, isTextBatch } from '../shared/mixture.js';
import { mixtureIngredients, trainTask, type Ingredients, type TrainInput } from '../shared/train-task.js';
import type { TaskContext, TaskOutput } from '../task.js';
import { DreamingSource, isDream, type DreamRhythm } from './dreaming-source.js';
import { curriculumOrder, shuffledOrder, type Order } from './order.js';
import { PoolSource, type PoolShape } from './pool-source.js';
import { readItems, type PoolItem, type RankedItem } from './pool.js';
import { SteeredOrder, type SteeringOptions } from './steered-order.js';

/** In which order a stored pool is trained on. */
export type OrderPlan =
  | { readonly kind: 'shuffled' }
  | { readonly kind: 'curriculum'; readonly start: number; readonly steps: number }
  | ({ readonly kind: 'steered' } & SteeringOptions);

/** A training with what arms add to it. */
export interface ArmInput extends TrainInput {
  /** Instead of fresh items of the mixture: the artifact of a ranked pool, and in which order. */
  readonly pool?: {
    readonly artifact: string;
    readonly order: OrderPlan;
    /** Part of the task items that is kept for measuring success. */
    readonly keptShare: number;
  };
  readonly selfModel?: SelfModelOptions;
  /** Artifacts of dreams, and when they are dreamed. */
  readonly dreams?: { readonly artifacts: readonly string[]; readonly rhythm: DreamRhythm };
}

/** Trains an arm: the task `train` of this phase. */
export function armTask(input: Json, context: TaskContext): Promise<TaskOutput> {
  return trainTask(input, context, (plan, model) => ingredientsOf(plan as ArmInput, model, context));
}

async function ingredientsOf(plan: ArmInput, model: Model, context: TaskContext): Promise<Ingredients> {
  const awake = plan.pool
    ? pooled(plan, await readItems<RankedItem>(context, plan.pool.artifact), model, context)
    : await mixtureIngredients(plan, model, context);
  const source = plan.dreams ? await dreaming(plan, awake.source, model, context) : awake.source;
  return { ...awake, source, ...(plan.selfModel ? { auxiliary: selfModel(model.config, plan.selfModel) } : {}) };
}

function pooled(
  plan: ArmInput,
  all: readonly RankedItem[],
  model: Model,
  { threads, signal }: TaskContext,
): Ingredients {
  const { order: orderPlan, keptShare } = plan.pool!;
  const seed = `${plan.seed}/${plan.stream ?? plan.role}`;
  const ranked = [...all].sort((a, b) => a.difficulty - b.difficulty);
  const isKept = ({ key }: RankedItem) => key !== undefined && Rng.derive(seed, 'kept', key).float() < keptShare;
  const tasks = ranked.filter((item) => item.family !== undefined && !isKept(item));
  const pieces = ranked.filter((item) => item.family === undefined);
  const kept = ranked.filter(isKept);
  if (orderPlan.kind === 'steered' && (tasks.length === 0 || kept.length === 0))
    throw new ForgeError(
      'DATA_INVALID',
      `of ${ranked.length} items, ${tasks.length} are left to train on and ${kept.length} to measure success on; raise poolItems, or take families with more items`,
    );
  const steered =
    orderPlan.kind === 'steered'
      ? new SteeredOrder(tasks.length, kept, model, orderPlan, { seed, threads, signal })
      : undefined;
  const isText = (k: number) => tasks.length === 0 || (pieces.length > 0 && isTextBatch(seed, plan.textShare, k));
  const isAwake = (k: number) => !plan.dreams || !isDream(plan.dreams.rhythm, k);
  const part = (items: readonly RankedItem[], order: Order, isOwn: (k: number) => boolean) =>
    items.length > 0 ? [new PoolSource(items, order, shapeOf(plan, model), (k) => isAwake(k) && isOwn(k))] : [];
  const sources = [
    ...part(tasks, steered ?? orderOf(orderPlan, tasks.length, seed), (k) => !isText(k)),
    ...part(pieces, orderOf(orderPlan, pieces.length, `${seed}/pieces`), isText),
  ];
  const [one, two] = sources;
  const source = one && two ? new Blend(one, two, plan.textShare, seed) : one!;
  return { source, ...(steered ? { steering: steered } : {}) };
}

/** Text has no success to be steered by, and is shuffled then. */
function orderOf(plan: OrderPlan, count: number, seed: string): Order {
  return plan.kind === 'curriculum' ? curriculumOrder(count, seed, plan) : shuffledOrder(count, seed);
}

async function dreaming(plan: ArmInput, awake: BatchSource, model: Model, context: TaskContext): Promise<BatchSource> {
  const { artifacts, rhythm } = plan.dreams!;
  const dreams: PoolItem[] = [];
  for (const id of artifacts) dreams.push(...(await readItems(context, id)));
  const order = shuffledOrder(dreams.length, `${plan.seed}/dreams`);
  const source = new PoolSource(dreams, order, shapeOf(plan, model), (k) => isDream(rhythm, k));
  return new DreamingSource(awake, source, rhythm);
}

function shapeOf({ rows, rowLength: length }: ArmInput, { tokenizer }: Model): PoolShape {
  return { rows, length, padId: (tokenizer ?? byteTokenizer()).padId ?? 0 };
}
