import { ForgeError, Rng } from '@agent-forge/contracts';
import type { Model } from '../weights.js';
import type { TokenConstraint } from './constraint.js';
import { Decoder, type DecoderOptions, type TokenModel } from './decoder.js';
import { KvCache } from './kv-cache.js';
import { type SamplingOptions, checkSampling, sampleToken } from './sampling.js';

export interface GeneratorOptions extends DecoderOptions {
  /** Prompts that are computed together; {@link DEFAULT_BATCH_SIZE} unless given. */
  readonly batchSize?: number;
}

export interface GenerateOptions extends SamplingOptions {
  /** New tokens of each prompt at most. */
  readonly maxTokens: number;
  /** Seed of the random choices; each prompt has a stream of its own. 0 unless given. */
  readonly seed?: number | string;
  /** Tokens after which a sequence ends; the model's end tokens unless given. */
  readonly stopTokens?: readonly number[];
  /** The form that every text keeps to; any form unless given. */
  readonly constraint?: TokenConstraint;
  readonly signal?: AbortSignal;
}

/** Why a sequence ended: with a stop token, or at the limit of new tokens. */
export type Finish = 'stop' | 'length';

/** One new token. */
export interface GeneratedToken {
  /** Index of the prompt that it continues. */
  readonly prompt: number;
  /** How many tokens this prompt has got before. */
  readonly index: number;
  readonly tokenId: number;
  /** Set on the last token of its prompt; a stop token is itself the last one. */
  readonly finish: Finish | null;
}

/** One more prompt in a batch costs little while the products wait for memory, and this many still fit into it. */
export const DEFAULT_BATCH_SIZE = 16;
/** A prompt is read in pieces of this many tokens over the batch, which bounds the memory of attention scores. */
const PROMPT_TOKENS_PER_CALL = 1024;

/** Makes a generator for a model; release it when it is no longer needed. */
export async function createGenerator(model: Model, options: GeneratorOptions = {}): Promise<TokenGenerator> {
  const { batchSize = DEFAULT_BATCH_SIZE, maxContext } = options;
  const most = model.config.maxPositionEmbeddings;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new ForgeError('INVALID_ARGUMENT', `batchSize is a whole number of at least 1, not ${batchSize}`);
  if (maxContext !== undefined && !(Number.isInteger(maxContext) && maxContext >= 1 && maxContext <= most))
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `maxContext is a whole number from 1 to the model's ${most}, not ${maxContext}`,
    );
  return new TokenGenerator(await Decoder.create(model, options), batchSize);
}

/** Continues prompts token by token with one session. It blocks its thread while it computes. */
export class TokenGenerator {
  constructor(
    private readonly decoder: TokenModel,
    private readonly batchSize: number = DEFAULT_BATCH_SIZE,
  ) {}

  get model(): TokenModel['model'] {
    return this.decoder.model;
  }

  /** Longest prompt with its new tokens. */
  get maxContext(): number {
    return this.decoder.maxContext;
  }

  /**
   * Continues every prompt and yields each token as soon as it is chosen. Prompts of different lengths are computed
   * together, and each gets what it would get alone.
   * @param prompts token ids, at least one each
   * @throws ForgeError `INVALID_ARGUMENT` before anything is computed, for an option out of range, a token outside the
   *   vocabulary or a prompt that does not fit the context with its new tokens; `CANCELLED` when `signal` aborts;
   *   `AUDIT_FAILED` when the logits are not numbers
   */
  async *generate(
    prompts: readonly (readonly number[])[],
    options: GenerateOptions,
  ): AsyncGenerator<GeneratedToken, void> {
    const sampling = checkSampling(options);
    this.check(prompts, options);
    const rngs = prompts.map((_, prompt) => Rng.derive(options.seed ?? 0, 'generate', prompt));
    const { constraint } = options;
    for (let first = 0; first < prompts.length; first += this.batchSize) {
      const batch = prompts.slice(first, first + this.batchSize);
      const states = batch.map(() => constraint?.start ?? 0);
      const choose = (row: number, logits: Float32Array): number => {
        const rng = rngs[first + row]!;
        if (!constraint) return sampleToken(logits, sampling, rng);
        const tokenId = sampleToken(constraint.mask(states[row]!, logits), sampling, rng);
        states[row] = constraint.advance(states[row]!, tokenId);
        return tokenId;
      };
      yield* this.batch(batch, first, options, choose);
    }
  }

  async release(): Promise<void> {
    await this.decoder.release();
  }

  private async *batch(
    prompts: readonly (readonly number[])[],
    first: number,
    { maxTokens, stopTokens = this.model.config.eosTokenId, signal }: GenerateOptions,
    choose: (row: number, logits: Float32Array) => number,
  ): AsyncGenerator<GeneratedToken, void> {
    const longest = Math.max(...prompts.map((p) => p.length));
    const cache = new KvCache(
      this.model.config,
      prompts.map((p) => longest - p.length),
    );
    let logits = await this.readPrompts(cache, prompts, longest, signal);
    const live = new Set(prompts.keys());
    // A row that has ended computes on beside the others; what it gets is never looked at.
    const next = new Int32Array(prompts.length);
    for (let index = 0; ; index++) {
      for (const row of live) {
        const tokenId = choose(row, logits[row]!);
        const finish = stopTokens.includes(tokenId) ? 'stop' : index + 1 === maxTokens ? 'length' : null;
        if (finish) live.delete(row);
        next[row] = tokenId;
        yield { prompt: first + row, index, tokenId, finish };
      }
      if (live.size === 0) return;
      throwIfAborted(signal);
      logits = await this.decoder.forward(cache, next);
    }
  }

  /** Reads all prompts, shorter ones padded in front; returns the logits after their last tokens. */
  private async readPrompts(
    cache: KvCache,
    prompts: readonly (readonly number[])[],
    longest: number,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array[]> {
    const batch = prompts.length;
    const perCall = Math.max(1, Math.floor(PROMPT_TOKENS_PER_CALL / batch));
    let logits: Float32Array[] = [];
    for (let at = 0; at < longest; at += perCall) {
      throwIfAborted(signal);
      const steps = Math.min(perCall, longest - at);
      const ids = new Int32Array(batch * steps);
      prompts.forEach((prompt, row) => {
        for (let i = 0; i < steps; i++) ids[row * steps + i] = prompt[at + i - cache.padding[row]!] ?? 0;
      });
      logits = await this.decoder.forward(cache, ids);
    }
    return logits;
  }

  private check(prompts: readonly (readonly number[])[], { maxTokens, stopTokens = [] }: GenerateOptions): void {
    const { vocabSize } = this.model.config;
    const bad = (message: string): never => {
      throw new ForgeError('INVALID_ARGUMENT', message);
    };
    const isToken = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < vocabSize;
    if (!Number.isInteger(maxTokens) || maxTokens < 1)
      bad(`maxTokens is a whole number of at least 1, not ${maxTokens}`);
    for (const id of stopTokens)
      if (!isToken(id)) bad(`stop token ${id} is outside the model's vocabulary of ${vocabSize}`);
    prompts.forEach((prompt, i) => {
      if (prompt.length === 0) bad(`prompt ${i} is empty; the model needs at least one token to begin with`);
      const stranger = prompt.find((id) => !isToken(id));
      if (stranger !== undefined)
        bad(`prompt ${i} has token ${stranger}, outside the model's vocabulary of ${vocabSize}`);
      if (prompt.length + maxTokens > this.maxContext)
        bad(
          `prompt ${i} has ${prompt.length} tokens and ${maxTokens} new ones were asked for, but the context is ${this.maxContext} tokens`,
        );
    });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ForgeError('CANCELLED', 'the generation was stopped');
}
