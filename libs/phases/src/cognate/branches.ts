import type { ArtifactName, Json } from '@agent-forge/contracts';
import { measureStepSeconds, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from '../shared/families.js';
import { mixtureSource } from '../shared/mixture.js';
import { noteRollbacks } from '../shared/note-rollbacks.js';
import { startOf, type TrainInput } from '../shared/train-task.js';
import { Yardstick } from '../shared/yardstick.js';
import { seedMix, seedPlans } from './mix.js';
import type { CognateParams } from './params.js';
import { CognateProgress } from './progress.js';
import type { Branch } from './report.js';
import { planSteps, type StepPlan } from './steps.js';

/** The control's role. */
const GENERALIST = 'generalist';
/** Schedules of the calibration: the trunk ends warm, since the seeds go on; the seeds end cold. */
const TRUNK_FLOOR = 0.3;
const SEED_FLOOR = 0.1;
/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.3;

type Context = PhaseContext<CognateParams>;

/**
 * Trains the trunk, and from it the seeds and the generalist, as tasks.
 * @returns the trunk, the seeds in the order of the recipe, and the generalist where there is one
 */
export async function growBranches(context: Context): Promise<Branch[]> {
  const { params, families } = context;
  const seeds = seedPlans(params, families);
  const trunkInput: TrainInput = {
    ...inputOf(context, 'trunk', families, 0),
    from: { size: sizeOf(params) },
    optimizer: optimizerOf(params, 1, TRUNK_FLOOR),
  };
  const steps = await context.plan(() => plan(context, trunkInput, seeds.length));
  const progress = new CognateProgress(context.report, steps, seeds.length + (params.generalist ? 1 : 0));
  // A training has at least one step: without a trunk the branches share its random start and little more.
  const [trunk] = await train(context, [{ ...trunkInput, steps: Math.max(1, steps.trunk) }], progress);
  const branchOf = (role: string, mix: FamilyMix, share: TrainInput['share']): TrainInput => ({
    ...inputOf(context, role, mix, steps.seed),
    from: { model: trunk!.id },
    share,
    optimizer: optimizerOf(params, params.seedRate, SEED_FLOOR),
  });
  const inputs = seeds.map(({ role, own }, index) =>
    branchOf(role, seedMix(families, own, params.ownShare), { index, count: seeds.length }),
  );
  if (params.generalist) inputs.push(branchOf(GENERALIST, families, { index: 0, count: 1 }));
  const artifacts = await train(context, inputs, progress);
  const ownOf = (i: number) => Object.keys(seeds[i]?.own ?? {});
  return [{ artifact: trunk!, own: [] }, ...artifacts.map((artifact, i) => ({ artifact, own: ownOf(i) }))];
}

async function plan(context: Context, trunk: TrainInput, seeds: number): Promise<StepPlan> {
  const { params, threads, signal, families } = context;
  if (params.steps !== undefined) return planSteps(params, seeds);
  context.report({ stage: 'measure the rate', fraction: 0 });
  const model = await startOf(trunk, context);
  const texts = context.data.length > 0 ? (await Yardstick.of(context, 'report', 1)).corpus!.train : [];
  const source = mixtureSource({ families, texts, textShare: params.textShare }, model, {
    rows: params.rows,
    length: params.rowLength,
    seed: 'rate',
  });
  const { optimizer } = trunk;
  return planSteps(params, seeds, await measureStepSeconds({ model, source, optimizer, threads, signal }));
}

/** Has trainings done by whichever replicas are free, and says which of them diverged on the way. */
async function train(
  context: Context,
  inputs: readonly TrainInput[],
  progress: CognateProgress,
): Promise<ArtifactName[]> {
  const outputs = await context.runTasks('train', inputs as unknown as Json[], (index, now) =>
    progress.trained(inputs[index]!.role, now),
  );
  for (const [i, output] of outputs.entries()) {
    const { role } = inputs[i]!;
    progress.trained(role, { fraction: 1 });
    await noteRollbacks(context, role, output);
  }
  return outputs.map(({ artifacts }) => artifacts[0]!);
}

function inputOf(
  { params, data, seed }: Context,
  role: string,
  families: FamilyMix,
  steps: number,
): Omit<TrainInput, 'from' | 'optimizer'> {
  const { rows, rowLength, textShare, maxRollbacks } = params;
  return {
    phase: 'cognate',
    role,
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    share: { index: 0, count: 1 },
    textShare,
    rows,
    rowLength,
    steps,
    maxRollbacks,
    seed,
  };
}

function optimizerOf({ optimizer: name, learningRate }: CognateParams, part: number, floor: number): OptimizerOptions {
  const rate = part * learningRate;
  return { name, learningRate: rate, floor, ...(name === 'muon' ? { adamwLearningRate: ADAMW_FACTOR * rate } : {}) };
}

function sizeOf({ hiddenSize, intermediateSize, layers, heads, contextLength }: CognateParams) {
  return { hiddenSize, intermediateSize, layers, heads, contextLength };
}
