import { ForgeError } from '@agent-forge/contracts';
import type { Model } from '../weights.js';
import { bootstrapShare } from './bootstrap.js';
import {
  type ScorerOptions,
  type SequenceScore,
  type TokenScorer,
  tokensPerCall,
  withScorer,
} from './sequence-scorer.js';

/** Tokens of one prompt with its answer. */
export interface EncodedItem {
  readonly ids: readonly number[];
  /** 1 for the tokens of the answer and its end token, else 0; as long as `ids`. */
  readonly learnt: readonly number[];
}

/** Turns an item into tokens exactly as in training, for example `DialogueEncoder` of `@agent-forge/data`. */
export interface ItemEncoder<Item> {
  encode(item: Item): EncodedItem;
}

export interface EvaluateItemsOptions extends Omit<ScorerOptions, 'maxLength'> {
  /** A scorer of this model to use again; by default one is made and released. */
  readonly scorer?: TokenScorer;
  /** Seed of the bootstrap; 0 unless given. */
  readonly seed?: number | string;
  /** Whether to compute intervals (default: true). Without, `low` and `high` are NaN: for whoever only wants to order many models. */
  readonly hasIntervals?: boolean;
  readonly signal?: AbortSignal;
  /** Called after every batch with the share of the items that are done. */
  readonly onProgress?: (share: number) => void;
}

/** Exact-match accuracy of a set of items. */
export interface Accuracy {
  readonly items: number;
  /** Share of items whose answer is right to the last token. */
  readonly accuracy: number;
  /** 95 % interval of the accuracy: percentile bootstrap, exact where all or none are right. */
  readonly low: number;
  readonly high: number;
  /** Mean negative log-likelihood of an answer token, in nats. */
  readonly loss: number;
}

export interface ItemsEvaluation extends Accuracy {
  /** The same for the items of each family, by name; items without one are in none. */
  readonly families: Readonly<Record<string, Accuracy>>;
  /** 1 for each item that is answered right, in the order of the items: pair it with another model's. */
  readonly correct: Uint8Array;
}

interface Outcome {
  readonly correct: number;
  readonly nats: number;
  readonly tokens: number;
}

/**
 * Accuracy and loss on prompts with known answers, in one forward pass per item: an answer counts as right when the
 * likeliest token is the right one at each of its positions, end token included, given the answer so far. That is so
 * exactly when greedy decoding writes it. An item may say its `family`. Items of similar length are scored together; padding is not scored.
 * @throws ForgeError `DATA_INVALID` when there are no items, or one without an answer; `INVALID_ARGUMENT` for one that is
 *   longer than the model's positions; `CANCELLED` when `signal` aborts
 */
export async function evaluateItems<Item extends object>(
  model: Model,
  items: readonly Item[],
  encoder: ItemEncoder<Item>,
  options: EvaluateItemsOptions = {},
): Promise<ItemsEvaluation> {
  if (items.length === 0) throw new ForgeError('DATA_INVALID', 'there are no items to evaluate');
  const encoded = items.map((item) => encoder.encode(item));
  const most = Math.min(model.config.maxPositionEmbeddings, options.scorer?.maxLength ?? Infinity);
  encoded.forEach((item, i) => checkItem(item, i, most));
  const maxLength = encoded.reduce((n, item) => Math.max(n, item.ids.length - 1), 1);
  const outcomes: Outcome[] = Array.from({ length: items.length });
  await withScorer(model, { ...options, maxLength }, async (scorer) => {
    let done = 0;
    for (const batch of batches(encoded, tokensPerCall(model))) {
      if (options.signal?.aborted) throw new ForgeError('CANCELLED', 'the evaluation was stopped');
      const scores = await scorer.score(batch.map((i) => encoded[i]!.ids));
      batch.forEach((i, row) => (outcomes[i] = outcomeOf(encoded[i]!, scores[row]!)));
      done += batch.length;
      options.onProgress?.(done / items.length);
    }
  });
  return summarise(items, outcomes, options.hasIntervals === false ? undefined : (options.seed ?? 0));
}

function checkItem({ ids, learnt }: EncodedItem, index: number, longest: number): void {
  if (!learnt.some((x, t) => x === 1 && t > 0)) throw new ForgeError('DATA_INVALID', `item ${index} has no answer`);
  if (ids.length > longest + 1)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `item ${index} has ${ids.length} tokens with its answer; this model takes ${longest + 1}`,
    );
}

/** Indices of items that are scored together: sorted by length, so that little is padded. */
export function* batches(encoded: readonly EncodedItem[], tokens: number): Iterable<number[]> {
  const lengthOf = (i: number): number => encoded[i]!.ids.length;
  const order = encoded.map((_, i) => i).sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  let batch: number[] = [];
  for (const i of order) {
    if (batch.length > 0 && (batch.length + 1) * lengthOf(i) > tokens) {
      yield batch;
      batch = [];
    }
    batch.push(i);
  }
  yield batch;
}

function outcomeOf({ ids, learnt }: EncodedItem, { nll, predicted }: SequenceScore): Outcome {
  let [correct, nats, tokens] = [1, 0, 0];
  for (let t = 1; t < ids.length; t++) {
    if (learnt[t] !== 1) continue;
    if (predicted[t - 1] !== ids[t]) correct = 0;
    nats += nll[t - 1]!;
    tokens++;
  }
  return { correct, nats, tokens };
}

function familyOf(item: object): string | undefined {
  return 'family' in item && typeof item.family === 'string' ? item.family : undefined;
}

/** @param seed of the bootstrap; undefined for none */
function summarise(
  items: readonly object[],
  outcomes: readonly Outcome[],
  seed: number | string | undefined,
): ItemsEvaluation {
  const byFamily = new Map<string, Outcome[]>();
  items.forEach((item, i) => {
    const family = familyOf(item);
    if (family === undefined) return;
    if (!byFamily.has(family)) byFamily.set(family, []);
    byFamily.get(family)!.push(outcomes[i]!);
  });
  const names = [...byFamily.keys()].sort();
  return {
    ...accuracyOf(outcomes, seed),
    families: Object.fromEntries(names.map((name) => [name, accuracyOf(byFamily.get(name)!, seed)])),
    correct: Uint8Array.from(outcomes, (o) => o.correct),
  };
}

function accuracyOf(outcomes: readonly Outcome[], seed: number | string | undefined): Accuracy {
  const sum = (field: keyof Outcome): number => outcomes.reduce((n, o) => n + o[field], 0);
  const [items, loss] = [outcomes.length, sum('nats') / sum('tokens')];
  if (seed === undefined) return { items, accuracy: sum('correct') / items, low: Number.NaN, high: Number.NaN, loss };
  const marks = outcomes.map(({ correct }) => correct);
  const { estimate, low, high } = bootstrapShare(marks, { seed });
  return { items, accuracy: estimate, low, high, loss };
}
