import { createFamily, DialogueEncoder, distinctItems, type Part, type TaskItem } from '@agent-forge/data';
import {
  answerFormOf,
  bootstrapShare,
  byteTokenizer,
  evaluateItems,
  type Accuracy,
  type ItemEncoder,
  type Model,
  type TokenScorer,
} from '@agent-forge/model';
import type { FamilyScore, Interval, ReportRow } from './report.js';

/** Task families with their weights in a mix. */
export type FamilyMix = Readonly<Record<string, number>>;

/**
 * Different items of every family of a mix in one part: as many of each as wanted, or all that there are.
 * @param seed of the choice; the same for everything that is to be compared
 * @throws ForgeError INVALID_ARGUMENT for an unknown family
 */
export function familyItems(mix: FamilyMix, part: Part, each: number, seed: number | string): TaskItem[] {
  return Object.keys(mix).flatMap((name) => distinctItems(createFamily(name), part, each, seed));
}

/** What a model answers to a set of items. */
export interface FamilyEvaluation {
  /** All items together. */
  readonly accuracy: Interval;
  /** Mean over the families of their losses, nats per token, so that long answers count no more than short ones. */
  readonly loss: number;
  readonly families: Readonly<Record<string, FamilyScore>>;
  /** 1 for each item that is answered right, in the order of the items. */
  readonly correct: Uint8Array;
}

/** How a model is evaluated. */
export interface FamilyEvaluationOptions {
  readonly threads: number;
  readonly signal: AbortSignal;
  /** A scorer of this model to use again. */
  readonly scorer?: TokenScorer;
  /** Another form of the items than the model's own. */
  readonly encoder?: ItemEncoder<TaskItem>;
  /** Whether to compute intervals (default: true); without, they are NaN. */
  readonly hasIntervals?: boolean;
  readonly onProgress?: (share: number) => void;
}

/**
 * Exact-match accuracy and loss of a model on items, by family.
 * @throws ForgeError DATA_INVALID without items, INVALID_ARGUMENT for items longer than the model's positions
 */
export async function evaluateFamilies(
  model: Model,
  items: readonly TaskItem[],
  { encoder = encoderOf(model), ...options }: FamilyEvaluationOptions,
): Promise<FamilyEvaluation> {
  const { families, correct, ...all } = await evaluateItems(model, items, encoder, options);
  const scores = Object.entries(families).map(([name, accuracy]) => [name, scoreOf(accuracy)] as const);
  const loss = scores.reduce((sum, [, score]) => sum + score.loss, 0) / scores.length;
  return { accuracy: intervalOf(all), loss, families: Object.fromEntries(scores), correct };
}

/** An evaluation on some of its families alone. @param items that it was made on */
export function evaluationOn(
  { families: all, correct: marks }: FamilyEvaluation,
  items: readonly TaskItem[],
  has: (family: string) => boolean,
): FamilyEvaluation {
  const correct = marks.filter((_, i) => has(items[i]!.family));
  const families = Object.fromEntries(Object.entries(all).filter(([name]) => has(name)));
  const losses = Object.values(families).map(({ loss }) => loss);
  const loss = losses.reduce((sum, each) => sum + each, 0) / losses.length;
  return { accuracy: bootstrapShare(correct, { seed: 'families' }), loss, families, correct };
}

/** The form in which a model is asked and answers. */
export function encoderOf({ tokenizer, config }: Pick<Model, 'tokenizer' | 'config'>): DialogueEncoder {
  return new DialogueEncoder(tokenizer ?? byteTokenizer(), answerFormOf(config));
}

/** The line of a report. */
export function familyRow(
  name: string,
  { accuracy, loss, families }: FamilyEvaluation,
  artifactId?: string,
): ReportRow {
  return {
    name,
    ...(artifactId === undefined ? {} : { artifactId }),
    accuracy,
    loss,
    perplexity: Math.exp(loss),
    families,
  };
}

function scoreOf(accuracy: Accuracy): FamilyScore {
  return { accuracy: intervalOf(accuracy), loss: accuracy.loss, items: accuracy.items };
}

function intervalOf({ accuracy, low, high }: Accuracy): Interval {
  return { estimate: accuracy, low, high };
}
