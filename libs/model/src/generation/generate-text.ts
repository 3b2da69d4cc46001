import { ForgeError } from '@agent-forge/contracts';
import { encodeText } from '../tokenizer/encode-text.js';
import { THINK_TOKENS } from '../tokenizer/think-tokens.js';
import { TokenStream } from '../tokenizer/token-stream.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { Model } from '../weights.js';
import { StopTexts } from './stop-texts.js';
import {
  type Finish,
  type GenerateOptions,
  type GeneratorOptions,
  type TokenGenerator,
  createGenerator,
} from './token-generator.js';

export interface GenerateTextOptions extends Omit<GenerateOptions, 'maxTokens' | 'stopTokens'>, GeneratorOptions {
  /** Tokens after which the answer ends; by default the end tokens of the configuration, else of the tokenizer. */
  readonly stopTokens?: readonly number[];
  /** New tokens at most; {@link DEFAULT_MAX_TOKENS} unless given, or as many as the context leaves. */
  readonly maxTokens?: number;
  /** Texts before which the answer ends. */
  readonly stopTexts?: readonly string[];
  /** Gets the text in pieces as it comes, never half a character. */
  readonly onText?: (piece: string) => void;
  /** Whether what stands between `<think>` and `</think>` is part of the text, with these around it; not unless asked. */
  readonly showThoughts?: boolean;
  /** A generator of this model to use again; by default one is made and released. */
  readonly generator?: TokenGenerator;
}

export interface GeneratedText {
  /** The new text, without special tokens and without a stop text. */
  readonly text: string;
  /** The new tokens, the stop token included where one was chosen. */
  readonly tokenIds: number[];
  readonly promptTokens: number;
  readonly finish: Finish;
}

/** A few sentences. */
export const DEFAULT_MAX_TOKENS = 128;

/**
 * Continues a text.
 * @param prompt text, or tokens where the caller has its own form for prompts
 * @throws ForgeError `TOKENIZER_INVALID` for a model without a tokenizer, `INVALID_ARGUMENT` for an empty prompt or an
 *   option out of range, and what {@link TokenGenerator.generate} throws
 */
export async function generateText(
  model: Model,
  prompt: string | readonly number[],
  options: GenerateTextOptions = {},
): Promise<GeneratedText> {
  const { tokenizer } = model;
  if (!tokenizer) throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it cannot read text');
  const ids = typeof prompt === 'string' ? encodeText(tokenizer, prompt) : prompt;
  if (ids.length === 0)
    throw new ForgeError('INVALID_ARGUMENT', 'the prompt is empty; give the model something to continue');
  const stopTexts = options.stopTexts ?? [];
  if (stopTexts.includes('')) throw new ForgeError('INVALID_ARGUMENT', 'a stop text must not be empty');
  const most = options.generator?.maxContext ?? options.maxContext ?? model.config.maxPositionEmbeddings;
  const maxTokens = options.maxTokens ?? Math.max(1, Math.min(DEFAULT_MAX_TOKENS, most - ids.length));
  const stopTokens = options.stopTokens ?? endTokens(model);
  // Tables for just what is needed; a bad number is left for the generator to name.
  const maxContext = Math.min(most, Math.ceil(ids.length + Math.max(0, maxTokens))) || most;
  const generator = options.generator ?? (await createGenerator(model, { ...options, maxContext, batchSize: 1 }));
  try {
    const result = await continueText(generator, ids, { ...options, maxTokens, stopTokens, stopTexts });
    return { ...result, promptTokens: ids.length };
  } finally {
    if (!options.generator) await generator.release();
  }
}

/** The configuration's end tokens, or the tokenizer's where it names none. */
export function endTokens({ config, tokenizer }: Pick<Model, 'config' | 'tokenizer'>): readonly number[] {
  const eosId = tokenizer?.eosId ?? null;
  return config.eosTokenId.length > 0 || eosId === null ? config.eosTokenId : [eosId];
}

async function continueText(
  generator: TokenGenerator,
  ids: readonly number[],
  options: GenerateOptions &
    Pick<GenerateTextOptions, 'onText' | 'showThoughts'> & { readonly stopTexts: readonly string[] },
): Promise<Omit<GeneratedText, 'promptTokens'>> {
  const stream = new TokenStream(generator.model.tokenizer!);
  const stops = new StopTexts(options.stopTexts);
  const thoughts = new Thoughts(generator.model.tokenizer!, options.showThoughts ?? false);
  const tokenIds: number[] = [];
  let text = '';
  const show = (piece: string): void => {
    text += piece;
    if (piece !== '') options.onText?.(piece);
  };
  let finish: Finish = 'length';
  for await (const token of generator.generate([ids], options)) {
    tokenIds.push(token.tokenId);
    if (token.finish) finish = token.finish;
    // A stop token is no part of the text, whether it is a special token or not.
    if (token.finish === 'stop') break;
    const { isShown, mark } = thoughts.see(token.tokenId);
    show(isShown ? stops.push(stream.push(token.tokenId)) : mark);
    if (stops.stopped) return { text, tokenIds, finish: 'stop' };
  }
  show(stops.push(stream.end()));
  if (stops.stopped) finish = 'stop';
  show(stops.end());
  return { text, tokenIds, finish };
}

/** Follows where a thought begins and ends. */
class Thoughts {
  private isInside = false;

  constructor(
    private readonly tokenizer: Pick<Tokenizer, 'tokenToId'>,
    private readonly isWanted: boolean,
  ) {}

  /** Whether a token is text, and what stands for it otherwise. */
  see(id: number): { isShown: boolean; mark: string } {
    const { start, end } = THINK_TOKENS;
    const begins = id === this.tokenizer.tokenToId(start);
    const ends = this.isInside && id === this.tokenizer.tokenToId(end);
    this.isInside = begins || (this.isInside && !ends);
    if (!begins && !ends) return { isShown: this.isWanted || !this.isInside, mark: '' };
    const mark = begins ? start : end;
    return { isShown: false, mark: this.isWanted ? mark : '' };
  }
}
