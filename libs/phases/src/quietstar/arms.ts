import { join } from 'node:path';
import type { ArtifactName, Json } from '@agent-forge/contracts';
import { withThoughtMark, writeModelFolder, type OptimizerOptions, type ThoughtMark } from '@agent-forge/model';
import { seedMix } from '../cognate/mix.js';
import type { PhaseContext } from '../phase.js';
import type { FamilyMix } from '../shared/families.js';
import { lineageOf } from '../shared/lineage.js';
import type { StageProgress } from '../shared/stage-progress.js';
import type { TrainInput, TrainOutput } from '../shared/train-task.js';
import type { DistilInput } from './distil-task.js';
import type { Prepared } from './form.js';
import type { QuietstarParams } from './params.js';
import type { Arm, ThinkInput, ThinkOutput } from './think-task.js';

/** AdamW's part beside Muon, as a part of Muon's rate. */
const ADAMW_FACTOR = 0.15;
/** A step of reinforcement takes about so many of the warm start's. */
const THINK_STEPS = 2;
/** Measuring everything takes about this part of all steps. */
const MEASURE_SHARE = 0.2;

/** Questions of a family whose answers are distilled. */
const QUESTIONS = 500;

/** The thinking model and its controls. */
export const ARMS: readonly Arm[] = ['thoughts', 'none', 'pause'];

type Context = PhaseContext<QuietstarParams>;

/** What each arm made. */
export interface Trained {
  readonly models: Readonly<Record<Arm, ArtifactName>>;
  /** The thinking model between warm start and reinforcement, where there were both. */
  readonly taught: ArtifactName | undefined;
  readonly mixingHead: ArtifactName | undefined;
  /** A copy that answers at once, where the recipe wants one. */
  readonly distilled: ArtifactName | undefined;
  readonly figures: Readonly<Record<string, number>>;
}

/** The stages of the phase, by about how long they take. */
export function stagesOf({ warmSteps, steps, distilSteps }: QuietstarParams): Record<string, number> {
  return {
    ...Object.fromEntries(ARMS.map((arm) => [`warm start ${arm}`, warmSteps])),
    ...Object.fromEntries(ARMS.map((arm) => [`think ${arm}`, (arm === 'thoughts' ? THINK_STEPS : 1) * steps])),
    distil: distilSteps,
    measure: MEASURE_SHARE * (warmSteps + steps),
  };
}

/** Trains the thinking model and its controls at equal steps: a warm start on text, then reinforcement, or for controls the same without thoughts to reward. */
export async function trainArms(
  context: Context,
  prepared: Prepared,
  parent: string,
  progress: StageProgress,
): Promise<Trained> {
  const { params, families } = context;
  const about = Object.fromEntries(prepared.form.families.map((name) => [name, families[name]!]));
  const mix = seedMix(families, about, params.ownShare);
  const begun: ArtifactName[] = [];
  for (const arm of ARMS) begun.push(await begin(context, prepared, arm, parent));
  const warm = params.warmSteps > 0 ? await warmUp(context, begun, mix, progress) : begun;
  const inputs = ARMS.map((arm, i) => thinkInput(context, prepared, arm, warm[i]!.id, mix));
  const outputs =
    params.steps === 0
      ? []
      : await context.runTasks('think', inputs as unknown as Json[], (i, now) => progress.at(`think ${ARMS[i]!}`, now));
  const models = outputs.length > 0 ? outputs.map(({ artifacts }) => artifacts[0]!) : warm;
  const [distilled] =
    params.distilSteps === 0
      ? []
      : await context.runTasks('distil', [distilInput(context, prepared, models[0]!.id, mix)], (_, now) =>
          progress.at('distil', now),
        );
  const { reward, share } = (outputs[0]?.value ?? {}) as Partial<ThinkOutput>;
  return {
    models: Object.fromEntries(ARMS.map((arm, i) => [arm, models[i]!])) as Record<Arm, ArtifactName>,
    taught: params.warmSteps > 0 && params.steps > 0 ? warm[0] : undefined,
    mixingHead: outputs[0]?.artifacts[1],
    distilled: distilled?.artifacts[0],
    figures: {
      warmSteps: params.warmSteps,
      reinforcementSteps: params.steps,
      ...(reward === undefined ? {} : { reward }),
      ...(share === undefined ? {} : { mixingShare: share }),
      ...(distilled === undefined ? {} : (distilled.value as { answersRight: number })),
    },
  };
}

/** What an arm begins with: the same weights, and a mark that says in which form its answers are taught. */
async function begin(context: Context, { model, form }: Prepared, arm: Arm, parent: string): Promise<ArtifactName> {
  const { tokens, families } = form;
  const isTaught = context.params.warmSteps > 0;
  const forms: Readonly<Record<Arm, ThoughtMark | undefined>> = {
    thoughts: isTaught ? { families, form: 'derivation', tokens } : undefined,
    none: undefined,
    pause: families.length > 0 ? { families, form: 'pause', tokens } : undefined,
  };
  const dir = join(context.workDir, `begin-${arm}`);
  await writeModelFolder(dir, { ...model, config: withThoughtMark(model.config, forms[arm]) });
  const lineage = lineageOf('quietstar', context, [parent], {});
  return context.artifacts.putFolder(dir, `begin-${arm}`, { kind: 'model', lineage });
}

async function warmUp(
  context: Context,
  begun: readonly ArtifactName[],
  families: FamilyMix,
  progress: StageProgress,
): Promise<ArtifactName[]> {
  const { params, data, seed } = context;
  const { warmRows: rows, warmRate, rowLength, textShare, maxRollbacks, warmSteps: steps } = params;
  const inputs = ARMS.map((arm, i): TrainInput => ({
    phase: 'quietstar',
    role: `warm-${arm}`,
    from: { model: begun[i]!.id },
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    share: { index: 0, count: 1 },
    textShare,
    rows,
    rowLength,
    steps,
    optimizer: muon(warmRate),
    maxRollbacks,
    seed,
  }));
  const outputs = await context.runTasks('train', inputs as unknown as Json[], (i, now) =>
    progress.at(`warm start ${ARMS[i]!}`, now),
  );
  for (const [i, { value }] of outputs.entries())
    for (const { reason, toStep, rate } of (value as unknown as TrainOutput).rollbacks)
      await context.note({
        code: 'DIVERGED',
        message: `${inputs[i]!.role}: ${reason}; it went back to step ${toStep} and on at ${rate} of its rate`,
        metrics: { toStep, rate },
      });
  return outputs.map(({ artifacts }) => artifacts[0]!);
}

function muon(rate: number): OptimizerOptions {
  return { name: 'muon', learningRate: rate, adamwLearningRate: ADAMW_FACTOR * rate };
}

function distilInput({ params, seed }: Context, { form }: Prepared, from: string, families: FamilyMix): Json {
  const { warmRows: rows, warmRate, rowLength, maxRollbacks, distilSteps: steps } = params;
  const input: DistilInput = {
    from,
    form,
    families,
    questionsPerFamily: QUESTIONS,
    rows,
    rowLength,
    steps,
    optimizer: muon(warmRate),
    maxRollbacks,
    seed,
  };
  return input as unknown as Json;
}

function thinkInput(context: Context, { form }: Prepared, arm: Arm, from: string, families: FamilyMix): ThinkInput {
  const { params, data, seed } = context;
  const { talkTokens, passes, temperature, reinforceTemperature, clamp, policyWeight } = params;
  const { baseWeight, mixingStart, thoughtsPerText, rowLength, rows, steps, learningRate } = params;
  return {
    arm,
    role: `think-${arm}`,
    from,
    form,
    families,
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    talkTokens,
    passes,
    temperature,
    reinforceTemperature,
    clamp,
    policyWeight,
    baseWeight,
    mixingStart,
    thoughtsPerText,
    rowLength,
    rows,
    steps,
    learningRate,
    seed,
  };
}
