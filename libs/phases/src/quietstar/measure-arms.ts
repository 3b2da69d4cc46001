import { join } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { readModelFolder, type Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { StageProgress } from '../shared/stage-progress.js';
import { Yardstick, type Measured } from '../shared/yardstick.js';
import { ARMS, type Trained } from './arms.js';
import type { Prepared } from './form.js';
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
import type { RowName } from './report.js';
import type { Arm } from './think-task.js';

type Context = PhaseContext<QuietstarParams>;

/** The thinking model, its controls, and what else there is to measure. */
export type Models = Readonly<Record<Arm, Model>> & { readonly taught?: Model; readonly distilled?: Model };

/** Reads what was trained. */
export async function readModels(
  { artifacts, workDir }: Context,
  { models, taught, distilled }: Trained,
): Promise<Models> {
  const read = async (name: string, id: string): Promise<Model> => {
    const dir = join(workDir, `made-${name}`);
    await artifacts.materialise(id, dir);
    return readModelFolder(dir);
  };
  const opened: Partial<Record<Arm, Model>> = {};
  for (const arm of ARMS) opened[arm] = await read(arm, models[arm].id);
  return {
    ...(opened as Record<Arm, Model>),
    ...(taught ? { taught: await read('taught', taught.id) } : {}),
    ...(distilled ? { distilled: await read('distilled', distilled.id) } : {}),
  };
}

/** Measures, on the report part, everything before and after, and the answers about which the model thinks in each form. */
export async function measureArms(
  context: Context,
  before: Model,
  { form }: Prepared,
  { thoughts: thinker, none, pause, taught, distilled }: Models,
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
  if (distilled) forms.push(['distilled', distilled, nothing]);
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

/** What is asked on the report part: items of the families that are thought about, or pieces of text. */
export function questionsOf(
  { params }: Pick<Context, 'params'>,
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
