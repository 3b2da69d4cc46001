import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import {
  addSpecialTokens,
  assertAudit,
  auditWeights,
  readModelFolder,
  THINK_TOKENS,
  writeModelFolder,
  type Model,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { StageProgress } from '../shared/stage-progress.js';
import { Yardstick } from '../shared/yardstick.js';
import { check } from './check.js';
import { Contest } from './contest.js';
import { trainingsOf, type QuietstarParams } from './params.js';
import { plan } from './plan.js';
import { reportOn } from './report.js';
import { distil, train } from './train.js';

type Context = PhaseContext<QuietstarParams>;

/** About what reinforcement and measuring take, against one of the other trainings. */
const REINFORCING = 1.3;
const MEASURING = 0.5;

/** Teaches the model to think before it answers, measures whether thinking helps, and passes on the model that thinks, if it does. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params } = context;
  const [mistake] = check(params);
  if (mistake) throw paramError('quietstar', mistake);
  const input = await readInputModel('quietstar', context);
  const start = await withThinkTokens(context, input);
  const steps = await context.plan(() => plan(context, start.model));
  const progress = progressOf(context);
  const trained = await train(context, start.artifact, steps, progress);
  const taught = await open(context, trained.taught);
  const reinforced = await open(context, trained.reinforced);
  const isReinforced = await isBetter(context, reinforced, taught);
  const [thinking, artifact] = isReinforced ? [reinforced, trained.reinforced] : [taught, trained.taught];
  assertAudit(await auditWeights(thinking.config, thinking.weights, thinking.tokenizer), 'the thinking model');
  const distilled = params.distil ? await distil(context, artifact, steps.teach, progress) : undefined;
  const contest = Contest.of(context, 'report');
  const rows = [
    await contest.plain('before', input.model),
    await contest.plain('no-thoughts', await open(context, trained.plain)),
    await contest.plain('pause', await open(context, trained.pause), 'pause'),
    ...(distilled ? [await contest.plain('distilled', await open(context, distilled))] : []),
  ];
  progress.at('measure', { fraction: 0.6 });
  const { own, shuffled, skipped } = await contest.thinking('thinking', thinking);
  const text = await measureText(
    context,
    new Map([
      ['before', input.model],
      ['thinking', thinking],
    ]),
  );
  progress.at('measure', { fraction: 1 });
  return reportOn(context, {
    ...{ input: input.artifact, thinking: artifact, isReinforced, head: trained.head, contest, own, text },
    controls: [trained.plain, trained.pause],
    rows: [...rows, shuffled, skipped],
    ...(distilled ? { distilled } : {}),
  });
}

/** The model with the tokens that stand around thoughts, stored where it had to get them. */
async function withThinkTokens(
  context: Context,
  { artifact, model }: InputModel,
): Promise<Pick<InputModel, 'artifact' | 'model'>> {
  if (!model.tokenizer)
    throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it cannot be taught to think');
  const grown = addSpecialTokens(model, [THINK_TOKENS.start, THINK_TOKENS.end]);
  if (grown === model) return { artifact, model };
  const dir = join(context.workDir, 'start');
  await writeModelFolder(dir, grown, { dtype: 'F32' });
  const lineage = lineageOf('quietstar', context, [artifact.id], {});
  return { artifact: await context.artifacts.putFolder(dir, 'start', { kind: 'model', lineage }), model: grown };
}

/** Whether reinforcement has made thinking more often right, on the select part; a tie goes to it. */
async function isBetter(context: Context, reinforced: Model, taught: Model): Promise<boolean> {
  const contest = Contest.of(context, 'select');
  const right = async (model: Model) => contest.accuracy((await contest.thinking('thinking', model)).own);
  return (await right(reinforced)) >= (await right(taught));
}

/** Bits per byte before and after, where the run has text. */
async function measureText(context: Context, models: ReadonlyMap<string, Model>): Promise<Map<string, number>> {
  if (context.data.length === 0) return new Map();
  const yardstick = await Yardstick.of({ ...context, families: {} }, 'report', context.params.itemsPerFamily);
  const bits = new Map<string, number>();
  for (const [name, model] of models) bits.set(name, (await yardstick.measure(model, context)).text!.bitsPerByte);
  return bits;
}

function progressOf({ report, params }: Context): StageProgress {
  const { warmStart, distil: distils } = params;
  return new StageProgress(report, {
    ...(warmStart ? { 'train taught': 1 } : {}),
    ...{ 'train no-thoughts': 1, 'train pause': 1, reinforce: (REINFORCING * trainingsOf(params)) / 4 },
    ...(distils ? { 'train distilled': 1 } : {}),
    measure: MEASURING,
  });
}

async function open({ artifacts, workDir }: Context, { id, role }: ArtifactName): Promise<Model> {
  const dir = join(workDir, `opened-${role}`);
  await artifacts.materialise(id, dir);
  return readModelFolder(dir);
}
