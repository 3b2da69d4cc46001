import { TOOL_CALL_FORM, type TaskItem } from '@agent-forge/data';
import {
  bootstrapShare,
  ByteAutomaton,
  divergenceBetween,
  endTokens,
  SequenceScorer,
  TokenConstraint,
  type BakeExample,
  type Model,
} from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { Interval } from '../shared/report.js';
import { answersOf, exampleOf, textOf } from './answers.js';
import { behavioursOf, CALL, offersTool, RIGHT_CALL, traceOf } from './behaviour.js';
import type { Bake, BakingParams } from './params.js';
import { questionsOf, under } from './questions.js';

/** What is asked of every model, on the report part, and what the model that came in answered under the prompt. */
export interface Asked {
  readonly bake: Bake;
  readonly items: readonly TaskItem[];
  readonly prompted: readonly string[];
  /** The same, as what the divergence is taken over. */
  readonly examples: readonly BakeExample[];
}

/** How one model answers without the prompts. */
export interface Followed {
  /** By bake: the rates of its behaviours, by name. */
  readonly rates: ReadonlyMap<string, Readonly<Record<string, Interval>>>;
  /** By bake, then by set of questions (a bake's, or `others`): how often that bake shows in the answers. */
  readonly traces: ReadonlyMap<string, Readonly<Record<string, Interval>>>;
}

type Context = Pick<PhaseContext<BakingParams>, 'params' | 'seed' | 'threads' | 'signal'>;

/** Name of the questions that no bake is for. */
export const OTHERS = 'others';

/** The held-out questions of every bake, with the answers of the model under its prompt. */
export async function askPrompted(context: Context, model: Model): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const bake of context.params.bakes) {
    const items = questionsOf(bake, 'report', context.params.itemsPerFamily, `${context.seed}/report`);
    const prompted = items.map((item) => under(item, bake.prompt));
    const answers = await greedy(context, model, prompted);
    const examples = prompted.map((item, i) => exampleOf(model, item, true, answers[i]!));
    asked.push({ bake, items, prompted: answers.map((ids) => textOf(model, ids)), examples });
  }
  return asked;
}

/**
 * How far a model follows prompts that are not there, and where else they show.
 * @param others plain questions that no bake is for
 */
export async function follow(
  context: Context,
  model: Model,
  asked: readonly Asked[],
  others: readonly TaskItem[],
): Promise<Followed> {
  const texts = new Map<string, readonly string[]>();
  for (const { bake, items } of asked) texts.set(bake.name, await greedyTexts(context, model, items));
  if (others.length > 0) texts.set(OTHERS, await greedyTexts(context, model, others));
  const rates = new Map<string, Record<string, Interval>>();
  const traces = new Map<string, Record<string, Interval>>();
  for (const each of asked) {
    const { name } = each.bake;
    rates.set(name, { ...ratesOf(each, texts.get(name)!), ...(await constrained(context, model, each)) });
    const trace = traceOf(each.bake);
    if (trace === undefined) continue;
    const where = [...texts].map(([set, answers]) => [
      set,
      rate(answers, (answer) => trace.shows(answer, each.items[0]!, '')),
    ]);
    traces.set(name, Object.fromEntries(where) as Record<string, Interval>);
  }
  return { rates, traces };
}

/** The rates of answers to a bake's questions. */
export function ratesOf({ bake, items, prompted }: Asked, answers: readonly string[]): Record<string, Interval> {
  const found = behavioursOf(bake).map(({ name, shows }) => [
    name,
    rate(answers, (answer, i) => shows(answer, items[i]!, prompted[i]!)),
  ]);
  return Object.fromEntries(found) as Record<string, Interval>;
}

/** KL(prompted model ‖ unprompted one) on held-out questions, at the prompted model's greedy answers; nats per token, by bake. */
export async function divergences(
  { threads, signal }: Context,
  base: Model,
  models: ReadonlyMap<string, Model>,
  asked: readonly Asked[],
): Promise<Map<string, Map<string, number>>> {
  const found = new Map([...models.keys()].map((name) => [name, new Map<string, number>()]));
  const maxLength = Math.max(...asked.flatMap(({ examples }) => examples.map(lengthOf)));
  const teacher = await SequenceScorer.create(base, { threads, maxLength, distributions: true });
  try {
    for (const { bake, examples } of asked)
      for (const [name, model] of models) {
        const { divergence } = await divergenceBetween(teacher, model, examples.map(pairOf), { threads, signal });
        found.get(name)!.set(bake.name, divergence);
      }
  } finally {
    await teacher.release();
  }
  return found;
}

function pairOf({ prompted, plain, answer }: BakeExample) {
  const encoded = (before: readonly number[]) => ({
    ids: [...before, ...answer],
    learnt: [...before.map(() => 0), ...answer.map(() => 1)],
  });
  return { theirs: encoded(prompted), ours: encoded(plain) };
}

function lengthOf({ prompted, answer }: BakeExample): number {
  return prompted.length + answer.length;
}

/** The rate of right arguments where decoding keeps to the form of a call, so that only what is called can be wrong. */
async function constrained(context: Context, model: Model, { bake, items }: Asked): Promise<Record<string, Interval>> {
  if (!offersTool(bake)) return {};
  const constraint = new TokenConstraint(new ByteAutomaton([TOOL_CALL_FORM]), model.tokenizer!, endTokens(model));
  const answers = (await greedy(context, model, items, constraint)).map((ids) => textOf(model, ids));
  return {
    'valid call under the grammar': rate(answers, (answer, i) => CALL.shows(answer, items[i]!, '')),
    'right arguments under the grammar': rate(answers, (answer, i) => RIGHT_CALL.shows(answer, items[i]!, '')),
  };
}

function rate(answers: readonly string[], holds: (answer: string, i: number) => boolean): Interval {
  const marks = answers.map((answer, i) => Number(holds(answer, i)));
  return bootstrapShare(marks, { seed: 'rate' });
}

async function greedyTexts(context: Context, model: Model, items: readonly TaskItem[]): Promise<string[]> {
  return (await greedy(context, model, items)).map((ids) => textOf(model, ids));
}

function greedy(
  { params, threads, signal }: Context,
  model: Model,
  items: readonly TaskItem[],
  constraint?: TokenConstraint,
): Promise<number[][]> {
  const how = { temperature: 0, maxTokens: params.answerTokens, seed: 'greedy', threads, signal, constraint };
  return answersOf(model, items, how);
}
