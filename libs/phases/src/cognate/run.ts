import { join } from 'node:path';
import { ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';
import { readModelFolder, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from '../shared/families.js';
import { mixtureSource } from '../shared/mixture.js';
import { Yardstick } from '../shared/yardstick.js';
import { SPECIALTIES, type CognateParams } from './params.js';
import { reportOn, type Branch } from './report.js';
import { planSteps, type StepPlan } from './steps.js';
import { startOf, type TrainInput, type TrainOutput } from './train-task.js';

/** The control's role. */
const GENERALIST = 'generalist';
/** Share of the phase's time that training takes, for the progress bar; the rest is measuring. */
const TRAIN_SHARE = 0.93;
/** Schedules of the calibration: the trunk ends warm, since the seeds go on; the seeds end cold. */
const TRUNK_FLOOR = 0.3;
const SEED_FLOOR = 0.1;
/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.3;

type Context = PhaseContext<CognateParams>;

/** Trains a trunk and seeds from it, or takes imported models as seeds; measures all of them and stores everything. */
export async function run(context: Context): Promise<PhaseOutcome> {
  checkSize(context.params);
  const branches = context.inputs.length > 0 ? imported(context) : await trained(context);
  const yardstick = await Yardstick.of(context, 'report', context.params.itemsPerFamily);
  const models = new Map<string, Model>();
  for (const { artifact } of branches) models.set(artifact.role, await open(context, artifact));
  return reportOn(context, branches, models, yardstick, (share) =>
    context.report({ stage: 'measure', fraction: TRAIN_SHARE + (1 - TRAIN_SHARE) * share }),
  );
}

/** Imported models stand for seeds; evomerge merges what is called one. */
function imported({ inputs }: Context): Branch[] {
  return inputs.map(({ id, kind, role }) => ({
    artifact: { id, kind, role: role.startsWith('seed-') ? role : `seed-${role}` },
    own: [],
  }));
}

async function trained(context: Context): Promise<Branch[]> {
  const { params, families } = context;
  const seeds = Object.entries(params.seeds ?? SPECIALTIES).map(([name, own]) => ({
    role: `seed-${name}`,
    own: own.filter((family) => Object.hasOwn(families, family)),
  }));
  const trunkInput: TrainInput = {
    ...inputOf(context, 'trunk', families, 0),
    from: { size: sizeOf(params) },
    optimizer: optimizerOf(params, 1, TRUNK_FLOOR),
  };
  const steps = await context.plan(() => plan(context, trunkInput, seeds.length));
  const progress = new TrainingProgress(context, steps, seeds.length);
  const [trunk] = await train(context, [{ ...trunkInput, steps: Math.max(1, steps.trunk) }], progress);
  const branchOf = (role: string, mix: FamilyMix, index: number): TrainInput => ({
    ...inputOf(context, role, mix, steps.seed),
    from: { model: trunk!.id },
    share: role === GENERALIST ? { index: 0, count: 1 } : { index, count: seeds.length },
    optimizer: optimizerOf(params, params.seedRate, SEED_FLOOR),
  });
  const inputs = seeds.map(({ role, own }, i) => branchOf(role, seedMix(families, own, params.ownShare), i));
  if (params.generalist) inputs.push(branchOf(GENERALIST, families, 0));
  const artifacts = await train(context, inputs, progress);
  return [{ artifact: trunk!, own: [] }, ...artifacts.map((artifact, i) => ({ artifact, own: seeds[i]?.own ?? [] }))];
}

async function plan(context: Context, trunk: TrainInput, seeds: number): Promise<StepPlan> {
  const { params, threads, signal, families } = context;
  if (params.steps !== undefined) return planSteps(params, seeds, undefined);
  context.report({ stage: 'measure the rate', fraction: 0 });
  const model = await startOf(trunk, context);
  const texts = context.data.length > 0 ? (await Yardstick.of(context, 'report', 1)).corpus!.train : [];
  const source = mixtureSource({ families, texts, textShare: params.textShare }, model, {
    rows: params.rows,
    length: params.rowLength,
    seed: 'rate',
  });
  return planSteps(params, seeds, { model, source, optimizer: trunk.optimizer, threads, signal });
}

/** Has trainings done by whichever replicas are free. */
async function train(
  context: Context,
  inputs: readonly TrainInput[],
  progress: TrainingProgress,
): Promise<ArtifactName[]> {
  const outputs = await context.runTasks('train', inputs as unknown as Json[], (index, { fraction, ...figures }) =>
    progress.update(inputs[index]!.role, fraction, figures),
  );
  for (const [i, { value }] of outputs.entries()) {
    const { rollbacks } = value as unknown as TrainOutput;
    for (const { reason, toStep, rate } of rollbacks)
      await context.note({
        code: 'DIVERGED',
        message: `${inputs[i]!.role}: ${reason}; it went back to step ${toStep} and on at ${rate} of its rate`,
        metrics: { toStep, rate },
      });
  }
  progress.finish(inputs.map(({ role }) => role));
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

/** A seed's mix: its own families together `ownShare` of the items, the whole mix the rest. */
export function seedMix(families: FamilyMix, own: readonly string[], ownShare: number): FamilyMix {
  const all = Object.values(families).reduce((sum, weight) => sum + weight, 0);
  const mine = own.reduce((sum, name) => sum + families[name]!, 0);
  if (mine === 0) return families;
  return Object.fromEntries(
    Object.entries(families)
      .map(([name, weight]) => [
        name,
        ((1 - ownShare) * weight) / all + (own.includes(name) ? (ownShare * weight) / mine : 0),
      ])
      .filter(([, weight]) => (weight as number) > 0),
  );
}

function optimizerOf({ optimizer: name, learningRate }: CognateParams, part: number, floor: number): OptimizerOptions {
  const rate = part * learningRate;
  return { name, learningRate: rate, floor, ...(name === 'muon' ? { adamwLearningRate: ADAMW_FACTOR * rate } : {}) };
}

function sizeOf({ hiddenSize, intermediateSize, layers, heads, contextLength }: CognateParams) {
  return { hiddenSize, intermediateSize, layers, heads, contextLength };
}

function checkSize({ hiddenSize, heads, rowLength, contextLength }: CognateParams): void {
  const refuse = (problem: string) => new ForgeError('INVALID_ARGUMENT', `parameter ${problem}`);
  if (hiddenSize % (2 * heads) !== 0)
    throw refuse(`heads of cognate is ${heads}; it must divide hiddenSize ${hiddenSize} into even parts`);
  if (rowLength > contextLength)
    throw refuse(`rowLength of cognate is ${rowLength}, more than the ${contextLength} positions of contextLength`);
}

async function open({ artifacts, workDir }: Context, { id, role }: ArtifactName): Promise<Model> {
  const dir = join(workDir, role);
  await artifacts.materialise(id, dir);
  return readModelFolder(dir);
}

/** Adds up trainings, some of them at the same time, to the share of all steps that is done. */
class TrainingProgress {
  readonly #done = new Map<string, number>();
  readonly #total: number;

  constructor(
    private readonly context: Context,
    private readonly steps: StepPlan,
    seeds: number,
  ) {
    this.#total = steps.trunk + steps.seed * (seeds + (context.params.generalist ? 1 : 0));
  }

  update(
    role: string,
    fraction: number,
    { secondsLeft: _, ...figures }: Omit<Parameters<Context['report']>[0], 'stage' | 'fraction'>,
  ): void {
    this.#done.set(role, fraction * (role === 'trunk' ? this.steps.trunk : this.steps.seed));
    const done = [...this.#done.values()].reduce((sum, steps) => sum + steps, 0);
    this.context.report({ stage: `train ${role}`, fraction: (TRAIN_SHARE * done) / this.#total, ...figures });
  }

  finish(roles: readonly string[]): void {
    for (const role of roles) this.update(role, 1, {});
  }
}
