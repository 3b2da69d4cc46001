import type { ArtifactName } from '@agent-forge/contracts';
import { measureStepSeconds, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { InputModel } from '../shared/input-model.js';
import { mixtureSource } from '../shared/mixture.js';
import { runTrainings } from '../shared/run-trainings.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { TrainInput } from '../shared/train-task.js';
import type { Yardstick } from '../shared/yardstick.js';
import type { Arm, TrainingParams } from './params.js';
import { planSteps, type StepPlan } from './steps.js';

/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.3;
/** All arms see the same batches, so that they differ in nothing but what they are called after. */
const STREAM = 'arms';

type Context = PhaseContext<TrainingParams>;

/** An arm and the model that came of it. */
export interface TrainedArm {
  readonly arm: Arm;
  readonly artifact: ArtifactName;
}

/** Trains every arm from the same model on the same batches, each as a task for whichever replica is free. */
export async function trainArms(
  context: Context,
  { artifact }: InputModel,
  { steps }: StepPlan,
  progress: StageProgress,
): Promise<TrainedArm[]> {
  const { arms } = context.params;
  const inputs = arms.map((arm) => inputOf(context, arm, artifact.id, steps));
  const named = new Map(inputs.map(({ role }, i) => [role, arms[i]!]));
  const artifacts = await runTrainings(context, inputs, (role, now) => progress.at(`train ${named.get(role)!}`, now));
  return artifacts.map((made, i) => ({ arm: arms[i]!, artifact: made }));
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

function inputOf({ params, data, families, seed }: Context, arm: Arm, model: string, steps: number): TrainInput {
  const { rows, rowLength, textShare, maxRollbacks } = params;
  return {
    phase: 'training',
    role: `arm-${arm}`,
    from: { model },
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
  };
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
