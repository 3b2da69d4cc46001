import { ForgeError } from '@agent-forge/contracts';
import { encodeText } from '../tokenizer/encode-text.js';
import type { Model } from '../weights.js';
import { type ScorerOptions, type TokenScorer, tokensPerCall, withScorer } from './sequence-scorer.js';

export interface EvaluateTextOptions extends Omit<ScorerOptions, 'maxLength'> {
  /** Tokens of a window; by default as many as the model's positions allow, at most {@link DEFAULT_CONTEXT_LENGTH}. */
  readonly contextLength?: number;
  /** Windows in one call. */
  readonly batchSize?: number;
  /** A scorer of this model to use again; by default one is made and released. */
  readonly scorer?: TokenScorer;
  readonly signal?: AbortSignal;
  /** Called after every batch with the share of the windows that are done. */
  readonly onProgress?: (share: number) => void;
}

/** How well a model predicts a text. */
export interface TextEvaluation {
  /** Mean negative log-likelihood of a scored token, in nats. */
  readonly loss: number;
  /** exp(loss) */
  readonly perplexity: number;
  /** Nats of all scored tokens over ln 2 times the UTF-8 bytes of the text: comparable across tokenizers. */
  readonly bitsPerByte: number;
  /** Scored tokens. */
  readonly tokens: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
  /** The same of each text by itself, in their order: pair them with another model's. One without a token to score has 0 bits. */
  readonly texts: readonly { readonly bits: number; readonly bytes: number }[];
}

/** Longer windows change the figure little and take memory with the square of their length. */
export const DEFAULT_CONTEXT_LENGTH = 1024;

/**
 * Loss, perplexity and bits per byte of a text. Its tokens, after `<bos>` where the tokenizer itself puts one before a
 * text, are cut into consecutive windows of `contextLength` inputs that do not overlap; the input after a window's last is
 * its last target. So every token but the very first is scored exactly once, with 1 to `contextLength` tokens of context.
 * Several texts are scored each by itself, and no window crosses their borders.
 * @throws ForgeError `TOKENIZER_INVALID` for a model without a tokenizer, `DATA_INVALID` when there is no token to score,
 *   `INVALID_ARGUMENT` for options out of range, `CANCELLED` when `signal` aborts
 */
export async function evaluateText(
  model: Model,
  text: string | readonly string[],
  options: EvaluateTextOptions = {},
): Promise<TextEvaluation> {
  const texts = typeof text === 'string' ? [text] : text;
  const contextLength = contextLengthOf(model, options);
  const batchSize = options.batchSize ?? Math.max(1, Math.floor(tokensPerCall(model) / contextLength));
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ForgeError('INVALID_ARGUMENT', `batchSize is a whole number of at least 1, not ${batchSize}`);
  const windows = texts.flatMap((t, at) => windowsOf(model, t, contextLength).map((ids) => ({ ids, at })));
  if (windows.length === 0) throw new ForgeError('DATA_INVALID', 'the text is too short: there is no token to score');
  return withScorer(model, { ...options, maxLength: contextLength }, async (scorer) => {
    const nats = new Float64Array(texts.length);
    let tokens = 0;
    for (let next = 0; next < windows.length; next += batchSize) {
      if (options.signal?.aborted) throw new ForgeError('CANCELLED', 'the evaluation was stopped');
      const batch = windows.slice(next, next + batchSize);
      const scores = await scorer.score(batch.map(({ ids }) => ids));
      scores.forEach(({ nll }, i) => {
        for (const x of nll) nats[batch[i]!.at]! += x;
        tokens += nll.length;
      });
      options.onProgress?.(Math.min(1, (next + batchSize) / windows.length));
    }
    return summarise(texts, nats, tokens);
  });
}

function summarise(texts: readonly string[], nats: Float64Array, tokens: number): TextEvaluation {
  const each = texts.map((text, i) => ({ bits: nats[i]! / Math.LN2, bytes: Buffer.byteLength(text) }));
  const bytes = each.reduce((sum, text) => sum + text.bytes, 0);
  const total = nats.reduce((sum, x) => sum + x, 0);
  const loss = total / tokens;
  return { loss, perplexity: Math.exp(loss), bitsPerByte: total / (Math.LN2 * bytes), tokens, bytes, texts: each };
}

function contextLengthOf(model: Model, { contextLength, scorer }: EvaluateTextOptions): number {
  const most = Math.min(model.config.maxPositionEmbeddings, scorer?.maxLength ?? Infinity);
  const length = contextLength ?? Math.min(most, DEFAULT_CONTEXT_LENGTH);
  if (Number.isInteger(length) && length >= 1 && length <= most) return length;
  throw new ForgeError('INVALID_ARGUMENT', `contextLength is a whole number from 1 to ${most}, not ${length}`);
}

/** Windows of one token more than their inputs, each beginning with the last token of the one before. */
function windowsOf(model: Model, text: string, contextLength: number): number[][] {
  const { tokenizer } = model;
  if (!tokenizer) throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it cannot read text');
  const ids = encodeText(tokenizer, text);
  const windows: number[][] = [];
  for (let at = 0; at + 1 < ids.length; at += contextLength) windows.push(ids.slice(at, at + contextLength + 1));
  return windows;
}
