import { join } from 'node:path';
import type { ArtifactName, DataSource, Json, Lineage } from '@agent-forge/contracts';
import { readModelFolder, writeModelFolder, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { TaskContext, TaskOutput } from '../task.js';
import { readCorpus, shares } from './corpus.js';
import type { FamilyMix } from './families.js';
import { mixtureSource } from './mixture.js';
import { newModel, type ModelForm } from './new-model.js';
import { trainWithRollback, type RecoverableTraining, type Rollback } from './train-with-rollback.js';

/** One training: all that its result depends on. */
export interface TrainInput {
  /** The phase that asks for it. */
  readonly phase: string;
  /** The role of the model that it makes. */
  readonly role: string;
  /** Where it begins: a stored model, or a new one. */
  readonly from: { readonly model: string } | { readonly size: ModelForm };
  readonly families: FamilyMix;
  readonly data: readonly Pick<DataSource, 'name' | 'artifactId'>[];
  /** Which of how many contiguous shares of the text it gets. */
  readonly share: { readonly index: number; readonly count: number };
  readonly textShare: number;
  readonly rows: number;
  readonly rowLength: number;
  readonly steps: number;
  readonly optimizer: OptimizerOptions;
  readonly maxRollbacks: number;
  /** Part of the steps over which the quantiser of a ternary model comes in, from not at all to all the way; all the way from the first step when left out. */
  readonly ramp?: number;
  readonly seed: number;
  /** Trainings of one stream see the same batches; by default each role has its own. */
  readonly stream?: string;
}

/** What a training says of itself. */
export interface TrainOutput {
  readonly steps: number;
  /** Nats per token, over the last tenth of the steps, on the train part. */
  readonly finalLoss: number;
  readonly seconds: number;
  readonly rollbacks: readonly Rollback[];
  /** What a steered training decided on the way. */
  readonly steering?: Json;
}

/** What a training is fed with, and what is trained beside the language model. */
export type Ingredients = Pick<RecoverableTraining, 'source' | 'auxiliary' | 'steering'>;

/**
 * Trains a model and stores it: the task `train` of every phase that trains on the data as it is.
 * @param ingredientsOf for phases that do something with the data; by default the mixture itself
 */
export async function trainTask(
  input: Json,
  context: TaskContext,
  ingredientsOf: (plan: TrainInput, model: Model, context: TaskContext) => Promise<Ingredients> = mixtureIngredients,
): Promise<TaskOutput> {
  const plan = input as unknown as TrainInput;
  const model = await startOf(plan, context);
  const ingredients = await ingredientsOf(plan, model, context);
  const { steps, optimizer, maxRollbacks, ramp } = plan;
  const lineage = lineageOf(plan, context);
  const training = { model, ...ingredients, steps, optimizer, maxRollbacks, lineage, ...(ramp ? { ramp } : {}) };
  const { model: trained, finalLoss, seconds, rollbacks } = await trainWithRollback(training, context);
  const dir = join(context.workDir, plan.role);
  await writeModelFolder(dir, trained);
  const artifact: ArtifactName = await context.artifacts.putFolder(dir, plan.role, { kind: 'model', lineage });
  const { steering } = ingredients;
  const decided = steering ? { steering: steering.state() } : {};
  const value: TrainOutput = { steps, finalLoss, seconds, rollbacks, ...decided };
  return { value: value as unknown as Json, artifacts: [artifact] };
}

/** Batches of the mixture as it is. */
export async function mixtureIngredients(plan: TrainInput, model: Model, context: TaskContext): Promise<Ingredients> {
  const mixture = { families: plan.families, texts: await textsOf(plan, context), textShare: plan.textShare };
  const seed = `${plan.seed}/${plan.stream ?? plan.role}`;
  return { source: mixtureSource(mixture, model, { rows: plan.rows, length: plan.rowLength, seed }) };
}

/** The model that a training begins with. */
export async function startOf(
  { from, seed }: Pick<TrainInput, 'from' | 'seed'>,
  context: Pick<TaskContext, 'artifacts' | 'workDir'>,
): Promise<Model> {
  if ('size' in from) return newModel(from.size, seed);
  const dir = join(context.workDir, 'start');
  await context.artifacts.materialise(from.model, dir);
  return readModelFolder(dir);
}

/** The text that a training gets: its share of the train part. */
export async function textsOf(
  { data, share }: Pick<TrainInput, 'data' | 'share'>,
  context: Pick<TaskContext, 'artifacts' | 'workDir'>,
): Promise<readonly string[]> {
  if (data.length === 0) return [];
  const { train } = await readCorpus({ ...context, data: data as readonly DataSource[] });
  return shares(train, share.count)[share.index]!;
}

/** What went in, for the manifest; losses on the train part are no metrics. */
function lineageOf({ phase, from, data, seed, ...plan }: TrainInput, { codeVersion }: TaskContext): Lineage {
  return {
    parents: 'model' in from ? [from.model] : [],
    data: data.map(({ artifactId }) => artifactId),
    phase,
    params: { ...plan, ...('size' in from ? { size: from.size } : {}) },
    seed,
    codeVersion,
    metrics: {},
  };
}
