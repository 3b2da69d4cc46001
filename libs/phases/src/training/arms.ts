import type { ArtifactName, Json } from '@agent-forge/contracts';
import { measureStepSeconds, type Model, type OptimizerOptions, type SelfModelOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import { mixtureSource } from '../shared/mixture.js';
import { noteRollbacks } from '../shared/note-rollbacks.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { Yardstick } from '../shared/yardstick.js';
import type { ArmInput, OrderPlan } from './arm-task.js';
import type { Arm, TrainingParams } from './params.js';
import type { Prepared } from './prepare.js';
import type { SteeringPoint } from './steered-order.js';
import { planSteps, type StepPlan } from './steps.js';

/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.3;
/** All arms see the same batches, so that they differ in nothing but what they are called after. */
const STREAM = 'arms';
/** Part of the task items of a pool on which success is measured and nothing is trained. */
const KEPT_SHARE = 0.2;

type Context = PhaseContext<TrainingParams>;

/** An arm and the model that came of it. */
export interface TrainedArm {
  readonly arm: Arm;
  readonly artifact: ArtifactName;
  /** Every measurement of success on the way, where it was steered. */
  readonly steering?: readonly SteeringPoint[];
}

/** Trains every arm from the same model on the same batches, each as a task for whichever replica is free. */
export async function trainArms(
  context: Context,
  input: InputModel,
  prepared: Prepared,
  { steps }: StepPlan,
  progress: StageProgress,
): Promise<TrainedArm[]> {
  const { arms } = context.params;
  const inputs = arms.map((arm) => inputOf(context, arm, input, prepared, steps));
  const outputs = await context.runTasks('train', inputs as unknown as Json[], (index, now) =>
    progress.at(`train ${arms[index]!}`, now),
  );
  for (const [i, output] of outputs.entries()) {
    progress.at(`train ${arms[i]!}`, { fraction: 1 });
    await noteRollbacks(context, arms[i]!, output);
  }
  return outputs.map(({ artifacts, value }, i) => {
    const { steering } = value as { steering?: unknown };
    const steered = steering === undefined ? {} : { steering: steering as readonly SteeringPoint[] };
    return { arm: arms[i]!, artifact: artifacts[0]!, ...steered };
  });
}

/** How many steps each arm has: of the recipe, or its time divided by what a step takes here. */
export async function planArms(
  context: Context,
  { model }: InputModel,
  { corpus }: Pick<Yardstick, 'corpus'>,
): Promise<StepPlan> {
  const { params, families, threads, signal } = context;
  if (params.steps !== undefined) return planSteps(params);
  context.report({ stage: 'measure the rate', fraction: 0 });
  const mixture = { families, texts: corpus?.train ?? [], textShare: params.textShare };
  const source = mixtureSource(mixture, model, { rows: params.rows, length: params.rowLength, seed: 'rate' });
  const optimizer = optimizerOf(params.arms[0]!, params);
  return planSteps(params, await measureStepSeconds({ model, source, optimizer, threads, signal }));
}

function inputOf(
  context: Context,
  arm: Arm,
  { artifact, model }: InputModel,
  prepared: Prepared,
  steps: number,
): ArmInput {
  const { params, data, families, seed } = context;
  const { rows, rowLength, textShare, maxRollbacks } = params;
  return {
    phase: 'training',
    role: `arm-${arm}`,
    from: { model: artifact.id },
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    share: { index: 0, count: 1 },
    textShare,
    rows,
    rowLength,
    steps,
    optimizer: optimizerOf(arm, params),
    maxRollbacks,
    seed,
    stream: STREAM,
    ...poolOf(params, arm, prepared, steps),
    ...(arm === 'self-model' ? { selfModel: selfModelOf(params, model) } : {}),
    ...(arm === 'dream' ? { dreams: dreamsOf(params, prepared) } : {}),
  };
}

/** What every arm but `shuffled` is trained on in an order, where there is one, and `shuffled` in none. */
function poolOf(params: TrainingParams, arm: Arm, { pool }: Prepared, steps: number): Pick<ArmInput, 'pool'> {
  if (pool === undefined) return {};
  const { edgeOfChaos, initialCompetence, curriculumShare } = params;
  const curriculum = { kind: 'curriculum', start: initialCompetence, steps: curriculumShare * steps } as const;
  const order: OrderPlan =
    arm === 'shuffled' ? { kind: 'shuffled' } : edgeOfChaos ? { kind: 'steered', ...steeringOf(params) } : curriculum;
  return { pool: { artifact: pool, order, keptShare: edgeOfChaos ? KEPT_SHARE : 0 } };
}

function steeringOf({ minSuccess, maxSuccess, successWindow, steerEvery, explore }: TrainingParams) {
  return { low: minSuccess, high: maxSuccess, window: successWindow, every: steerEvery, explore };
}

function selfModelOf(params: TrainingParams, { config }: Model): SelfModelOptions {
  const { selfModelWeight: weight, selfModelWarmup: warmup } = params;
  const { numLayers } = config;
  const usual = [...new Set([Math.ceil(numLayers / 2), numLayers])];
  return { layers: params.selfModelLayers ?? usual, weight, warmup };
}

function dreamsOf({ dreamEvery: every, dreamSteps: steps }: TrainingParams, { dreams = [] }: Prepared) {
  return { artifacts: dreams, rhythm: { every, steps } };
}

/** The optimiser of an arm: the same for all, but for what the arm is called after. */
export function optimizerOf(arm: Arm, params: TrainingParams): OptimizerOptions {
  const { optimizer: name, learningRate, weightDecay, strongWeightDecay } = params;
  return {
    name,
    learningRate,
    weightDecay: arm === 'weight-decay' ? strongWeightDecay : weightDecay,
    ...(name === 'muon' ? { adamwLearningRate: ADAMW_FACTOR * learningRate } : {}),
    ...(arm === 'grokfast' ? grokfastOf(params) : {}),
  };
}

function grokfastOf({
  grokfastFilter,
  grokfastAlpha,
  grokfastWindow,
  grokfastLambda,
}: TrainingParams): OptimizerOptions {
  const lambda = grokfastLambda === undefined ? {} : { filterLambda: grokfastLambda };
  return grokfastFilter === 'ema'
    ? { filter: 'grokfast-ema', filterAlpha: grokfastAlpha, ...lambda }
    : { filter: 'grokfast-ma', filterWindow: grokfastWindow, ...lambda };
}
