import { Rng } from '@agent-forge/contracts';
import { DialogueEncoder, type TaskItem } from '@agent-forge/data';
import { createGenerator, endTokens, tokensPerCall, withScorer, type Model, type Tokenizer } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { evaluateFamilies } from '../shared/families.js';
import type { Measured } from '../shared/yardstick.js';
import type { ThinkingForm } from './form.js';

type Host = Pick<PhaseContext, 'threads' | 'signal'>;

/** Where a model is to think: behind a prompt, before an answer; in running text, behind a window and before its next tokens. */
export interface Question {
  readonly prompt: readonly number[];
  readonly answer: readonly number[];
  /** Of a task family; undefined in running text. */
  readonly item?: TaskItem;
}

/** Token ids between each prompt and its answer. */
export type Between = readonly (readonly number[])[];

export function itemQuestions(tokenizer: Tokenizer, items: readonly TaskItem[]): Question[] {
  const encoder = new DialogueEncoder(tokenizer);
  return items.map((item) => ({ prompt: encoder.encodePrompt(item), answer: encoder.encodeAnswer(item.answer), item }));
}

/** Windows of texts that do not overlap, each followed by the tokens that count: at most `count` of them, spread over all texts. */
export function textQuestions(
  tokenizer: Tokenizer,
  texts: readonly string[],
  { window, ahead, count }: { readonly window: number; readonly ahead: number; readonly count: number },
): Question[] {
  const all = texts.flatMap((text) => {
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    return Array.from({ length: Math.floor(ids.length / (window + ahead)) }, (_, i) => {
      const at = i * (window + ahead);
      return { prompt: ids.slice(at, at + window), answer: ids.slice(at + window, at + window + ahead) };
    });
  });
  const every = Math.max(1, all.length / count);
  return Array.from({ length: Math.min(count, all.length) }, (_, i) => all[Math.floor(i * every)]!);
}

/** The model's own thoughts, greedy, by the generator that writes any other text: nothing of this phase is in it. */
export async function ownThoughts(
  model: Model,
  questions: readonly Question[],
  { tokens, startId, endId }: ThinkingForm,
  { threads, signal }: Host,
): Promise<number[][]> {
  const thoughts: number[][] = questions.map(() => []);
  const stopTokens = [endId, ...endTokens(model)];
  const prompts = questions.map(({ prompt }) => [...prompt, startId]);
  const maxContext = Math.min(
    model.config.maxPositionEmbeddings,
    prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0) + tokens,
  );
  const generator = await createGenerator(model, { threads, maxContext, batchSize: 64 });
  try {
    const written = generator.generate(prompts, { maxTokens: tokens, temperature: 0, stopTokens, signal });
    for await (const { prompt, tokenId } of written) if (!stopTokens.includes(tokenId)) thoughts[prompt]!.push(tokenId);
  } finally {
    await generator.release();
  }
  return thoughts;
}

/** Thoughts with their marks around them. */
export function marked(thoughts: Between, { startId, endId }: ThinkingForm): Between {
  return thoughts.map((thought) => [startId, ...thought, endId]);
}

/** As many pauses as a thought has tokens. */
export function pauses(questions: readonly Question[], { tokens, startId, endId }: ThinkingForm): Between {
  return questions.map(() => [...Array.from({ length: tokens + 1 }, () => startId), endId]);
}

/** Every question gets the thought of another one. */
export function shuffled(thoughts: Between, seed: number | string): Between {
  const order = thoughts.map((_, i) => i);
  Rng.derive(seed, 'shuffled').shuffle(order);
  const others: (readonly number[])[] = [...thoughts];
  order.forEach((from, i) => (others[order[(i + 1) % order.length]!] = thoughts[from]!));
  return others;
}

/** How good a model's answers are behind prompts and whatever stands between: on items by exact match, on text in bits per byte. */
export async function measureAnswers(
  model: Model,
  questions: readonly Question[],
  between: Between,
  host: Host,
): Promise<Measured> {
  const sequences = questions.map(({ prompt, answer }, i) => {
    const before = [...prompt, ...(between[i] ?? [])];
    return { ids: [...before, ...answer], learnt: [...before.map(() => 0), ...answer.map(() => 1)] };
  });
  const items = questions.flatMap(({ item }) => (item ? [item] : []));
  if (items.length === 0) return { text: await scoreText(model, questions, sequences, host) };
  const forms = new Map(items.map((item, i) => [item, sequences[i]!]));
  const encoder = { encode: (item: TaskItem) => forms.get(item)! };
  const { threads, signal } = host;
  return { tasks: await evaluateFamilies(model, items, { threads, signal, encoder }) };
}

async function scoreText(
  model: Model,
  questions: readonly Question[],
  sequences: readonly { readonly ids: readonly number[] }[],
  { threads, signal }: Host,
): Promise<NonNullable<Measured['text']>> {
  const longest = sequences.reduce((most, { ids }) => Math.max(most, ids.length), 2);
  const perCall = Math.max(1, Math.floor(tokensPerCall(model) / longest));
  const nats: number[] = [];
  await withScorer(model, { threads, maxLength: longest }, async (scorer) => {
    for (let at = 0; at < sequences.length; at += perCall) {
      signal.throwIfAborted();
      const scores = await scorer.score(sequences.slice(at, at + perCall).map(({ ids }) => ids));
      scores.forEach(({ nll }, i) => {
        const { answer } = questions[at + i]!;
        nats.push(nll.subarray(nll.length - answer.length).reduce((sum, each) => sum + each, 0));
      });
    }
  });
  const texts = questions.map(({ answer }, i) => ({
    bits: nats[i]! / Math.LN2,
    bytes: Buffer.byteLength(model.tokenizer!.decode(answer)),
  }));
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const tokens = sum(questions.map(({ answer }) => answer.length));
  const bytes = sum(texts.map((text) => text.bytes));
  const loss = sum(nats) / tokens;
  return {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: sum(texts.map(({ bits }) => bits)) / bytes,
    tokens,
    bytes,
    texts,
  };
}
