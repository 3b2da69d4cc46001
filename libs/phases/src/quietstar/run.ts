import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import {
  assertAudit,
  auditWeights,
  readModelFolder,
  withThoughtMark,
  writeModelFolder,
  type Model,
} from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { readInputModel, type InputModel } from '../shared/input-model.js';
import { lineageOf } from '../shared/lineage.js';
import { StageProgress } from '../shared/stage-progress.js';
import { storeReport } from '../shared/report.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { ARMS, stagesOf, trainArms, type Trained } from './arms.js';
import { check } from './check.js';
import { prepare, type Prepared } from './form.js';
import { problemsOf } from './gate.js';
import {
  itemQuestions,
  marked,
  measureAnswers,
  ownThoughts,
  pauses,
  shuffled,
  textQuestions,
  type Between,
  type Question,
} from './measure.js';
import type { QuietstarParams } from './params.js';
import { reportOf, type RowName } from './report.js';
import type { Arm } from './think-task.js';

type Context = PhaseContext<QuietstarParams>;
type Models = Readonly<Record<Arm, Model>> & { readonly taught?: Model };

/** Teaches the model to think, trains its controls, measures all of them, and hands on what the recipe says. */
export async function run(context: Context): Promise<PhaseOutcome> {
  const { params, families, seed } = context;
  const [mistake] = check(params, families);
  if (mistake) throw paramError('quietstar', mistake);
  const input = await readInputModel('quietstar', context);
  const prepared = prepare(input.model, params, families, seed);
  const progress = new StageProgress(context.report, stagesOf(params));
  const trained = await trainArms(context, prepared, input.artifact.id, progress);
  const models = await open(context, trained);
  assertAudit(await auditWeights(models.thoughts.config, models.thoughts.weights), 'the thinking model');
  const measured = await measure(context, input.model, prepared, models, progress);
  return conclude(context, input, trained, models.thoughts, measured);
}

async function open({ artifacts, workDir }: Context, { models, taught }: Trained): Promise<Models> {
  const read = async (name: string, id: string): Promise<Model> => {
    const dir = join(workDir, `made-${name}`);
    await artifacts.materialise(id, dir);
    return readModelFolder(dir);
  };
  const opened: Partial<Record<Arm, Model>> = {};
  for (const arm of ARMS) opened[arm] = await read(arm, models[arm].id);
  return { ...(opened as Record<Arm, Model>), ...(taught ? { taught: await read('taught', taught.id) } : {}) };
}

/** Measures, on the report part, everything before and after, and the answers about which the model thinks in each form. */
async function measure(
  context: Context,
  before: Model,
  { form }: Prepared,
  { thoughts: thinker, none, pause, taught }: Models,
  progress: StageProgress,
): Promise<Map<RowName, Measured>> {
  const { params, seed } = context;
  const yardstick = await Yardstick.of(context, 'report', params.itemsPerFamily);
  const questions = questionsOf(context, thinker, form.families, yardstick);
  const own = await ownThoughts(thinker, questions, form, context);
  const nothing: Between = [];
  const forms: (readonly [RowName, Model, Between])[] = [
    ['thinking', thinker, marked(own, form)],
    ['no-thoughts', none, nothing],
    ['pause', pause, pauses(questions, form)],
    ['shuffled', thinker, marked(shuffled(own, seed), form)],
    ['skipped', thinker, nothing],
  ];
  if (taught) forms.push(['taught', taught, marked(await ownThoughts(taught, questions, form, context), form)]);
  const measured = new Map<RowName, Measured>();
  const add = (name: RowName, found: Measured): void => {
    context.signal.throwIfAborted();
    measured.set(name, found);
    progress.at('measure', { fraction: measured.size / (forms.length + 2) });
  };
  add('before', await yardstick.measure(before, context));
  add('after', await yardstick.measure(thinker, context));
  for (const [name, model, between] of forms) add(name, await measureAnswers(model, questions, between, context));
  return measured;
}

function questionsOf(
  { params }: Context,
  { tokenizer }: Model,
  families: readonly string[],
  { items, texts }: Yardstick,
): Question[] {
  if (families.length > 0)
    return itemQuestions(
      tokenizer!,
      items.filter(({ family }) => families.includes(family)),
    );
  const { rowLength, talkTokens, itemsPerFamily } = params;
  const questions = textQuestions(tokenizer!, texts, { window: rowLength, ahead: talkTokens, count: itemsPerFamily });
  if (questions.length > 0) return questions;
  throw new ForgeError(
    'DATA_INVALID',
    `no text of the report part has ${rowLength + talkTokens} tokens to think about`,
  );
}

async function conclude(
  context: Context,
  input: InputModel,
  { figures, mixingHead }: Trained,
  thinker: Model,
  measured: ReadonlyMap<RowName, Measured>,
): Promise<PhaseOutcome> {
  const { report, metrics: found } = reportOf(measured, figures);
  const problems = problemsOf({ metrics: found }, context.params);
  const passesThrough = problems.length > 0 && context.params.onNoGain === 'pass-through';
  const metrics = { ...found, passedThrough: passesThrough ? 1 : 0 };
  const stored = passesThrough
    ? [{ ...input.artifact, role: 'thinker' }]
    : [
        await store(context, 'thinker', thinker, input.artifact.id, metrics),
        await store(context, 'silent', silent(thinker), input.artifact.id, metrics),
        ...(mixingHead ? [mixingHead] : []),
      ];
  const told = { ...report, verdicts: [...report.verdicts, ...ending(passesThrough)] };
  const artifacts = [...stored, await storeReport(context, told, [stored[0]!.id], metrics)];
  if (!passesThrough) return { artifacts, metrics };
  return { artifacts, metrics, degraded: `pass-through, because ${problems.join('; ')}` };
}

function ending(passesThrough: boolean): string[] {
  return passesThrough ? ['the model that came in goes on, unchanged'] : [];
}

/** The same weights, to be asked for answers at once. */
function silent(model: Model): Model {
  return { ...model, config: withThoughtMark(model.config, undefined) };
}

async function store(
  context: Context,
  role: string,
  model: Model,
  parent: string,
  metrics: Record<string, number>,
): Promise<ArtifactName> {
  const dir = join(await mkdtemp(join(context.workDir, 'result-')), role);
  await writeModelFolder(dir, model);
  return context.artifacts.putFolder(dir, role, {
    kind: 'model',
    lineage: lineageOf('quietstar', context, [parent], metrics),
  });
}
