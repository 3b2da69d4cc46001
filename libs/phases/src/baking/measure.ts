import { createFamily, parseToolCall, TOOL_SYSTEM, type TaskItem } from '@agent-forge/data';
import type { Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { answersOf, queriesOf, textOf, under } from './examples.js';
import type { Bake, BakingParams } from './params.js';

/** What is asked of every model, on the report part, and what the prompted model answered. */
export interface Asked {
  readonly bake: Bake;
  readonly items: readonly TaskItem[];
  readonly prompted: readonly string[];
}

/** Rates of a model's greedy answers without the prompt. */
export type Rates = Readonly<Record<string, number>>;

type Context = Pick<PhaseContext<BakingParams>, 'params' | 'seed' | 'threads' | 'signal'>;

/** The held-out questions of every bake, with the answers of the model under its prompt. */
export async function askPrompted(context: Context, model: Model): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const bake of context.params.bakes) {
    const items = queriesOf(bake, 'report', context.params.itemsPerFamily, `${context.seed}/report`);
    const prompted = await greedy(
      context,
      model,
      items.map((item) => under(item, bake.prompt)),
    );
    asked.push({ bake, items, prompted });
  }
  return asked;
}

/** How far a model follows a bake's prompt that is not there. */
export async function followed(context: Context, model: Model, asked: Asked): Promise<Rates> {
  return ratesOf(asked, await greedy(context, model, asked.items));
}

/** The rates of answers: how many are the prompted model's own; with the marker; tool calls, and right ones. */
export function ratesOf({ bake, items, prompted }: Asked, answers: readonly string[]): Rates {
  const share = (is: (answer: string, i: number) => boolean) => answers.filter(is).length / answers.length;
  const { marker } = bake;
  const tool = createFamily('tool');
  return {
    following: share((answer, i) => answer === prompted[i]),
    ...(marker === undefined ? {} : { marker: share((answer) => answer.endsWith(marker)) }),
    ...(bake.prompt === TOOL_SYSTEM
      ? {
          validCalls: share((answer) => parseToolCall(answer) !== undefined),
          rightCalls: share((answer, i) => {
            const call = tool.recognize(items[i]!.prompt);
            return call !== undefined && tool.check(call, answer);
          }),
        }
      : {}),
  };
}

/** Share of answers to unprompted questions that need no tool which are calls all the same. */
export async function falseCalls(context: Context, model: Model, items: readonly TaskItem[]): Promise<number> {
  const answers = await greedy(context, model, items);
  return answers.filter((answer) => parseToolCall(answer) !== undefined).length / answers.length;
}

async function greedy(
  { params, threads, signal }: Context,
  model: Model,
  items: readonly TaskItem[],
): Promise<string[]> {
  const how = { temperature: 0, maxTokens: params.answerTokens, seed: 'greedy', threads, signal };
  return (await answersOf(model, items, how)).map((ids) => textOf(model, ids));
}
