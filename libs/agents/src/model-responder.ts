import { ForgeError } from '@agent-forge/contracts';
import { DialogueEncoder, type TaskItem } from '@agent-forge/data';
import {
  answerFormOf,
  byteTokenizer,
  createGenerator,
  endTokens,
  THINK_TOKENS,
  thoughtMark,
  type GeneratorOptions,
  type Model,
  type ThoughtMark,
  type TokenGenerator,
  type Tokenizer,
} from '@agent-forge/model';
import type { Question, Request, Responder, Response } from './ports.js';

/** Short rows of a small model: more of them in one call cost little. */
const BATCH_SIZE = 64;

/** A request as tokens. */
interface Encoded {
  readonly request: Request;
  readonly ids: readonly number[];
  readonly maxTokens: number;
  /** Whether the prompt ends inside a thought. */
  readonly isInThought: boolean;
}

/** A model of `@agent-forge/model` as a responder. What it has answered it does not compute again, but counts again. Release it when it is no longer needed. */
export class ModelResponder implements Responder {
  private readonly known = new Map<string, Response>();
  private readonly tokenizer: Tokenizer;
  private readonly encoder: DialogueEncoder;
  private readonly thinking: ThoughtMark | undefined;

  private constructor(
    private readonly generator: TokenGenerator,
    private readonly signal: AbortSignal | undefined,
  ) {
    const { config, tokenizer } = generator.model;
    this.tokenizer = tokenizer ?? byteTokenizer();
    this.thinking = thoughtMark(config);
    this.encoder = new DialogueEncoder(this.tokenizer, answerFormOf(config));
  }

  /** @throws ForgeError `TOKENIZER_INVALID` when answers could not end, `PROVIDER_MISSING` when the provider cannot start */
  static async create(
    model: Model,
    { signal, ...options }: GeneratorOptions & { readonly signal?: AbortSignal } = {},
  ): Promise<ModelResponder> {
    return new ModelResponder(await createGenerator(model, { batchSize: BATCH_SIZE, ...options }), signal);
  }

  async respond(requests: readonly Request[]): Promise<Response[]> {
    const keys = requests.map(keyOf);
    const fresh = new Map(
      requests.map((request, i) => [keys[i]!, request] as const).filter(([key]) => !this.known.has(key)),
    );
    const groups = new Map<string, { key: string; encoded: Encoded }[]>();
    for (const [key, request] of fresh) {
      const encoded = this.encode(request);
      const group = `${request.temperature}/${encoded.maxTokens}`;
      groups.set(group, [...(groups.get(group) ?? []), { key, encoded }]);
    }
    for (const group of groups.values()) {
      // Neighbours of one length: little is padded.
      group.sort((a, b) => a.encoded.ids.length - b.encoded.ids.length);
      const responses = await this.generate(group.map(({ encoded }) => encoded));
      group.forEach(({ key }, i) => this.known.set(key, responses[i]!));
    }
    return keys.map((key) => this.known.get(key)!);
  }

  /** The tokens after which the model answers a question; for a router, say. */
  promptTokens({ prompt, system, family = '' }: Question): number[] {
    const item: TaskItem = { family, key: prompt, prompt, answer: '', difficulty: 0 };
    return this.encoder.encodePrompt(system === undefined ? item : { ...item, system });
  }

  async release(): Promise<void> {
    await this.generator.release();
  }

  private encode(request: Request): Encoded {
    const { isThinking } = request;
    const { thinking } = this;
    if (isThinking && thinking === undefined)
      throw new ForgeError('INVALID_ARGUMENT', 'the model has no form of thoughts, so it cannot be asked to think');
    const startId = this.tokenizer.tokenToId(THINK_TOKENS.start);
    const isInThought = isThinking && thinking!.form === 'derivation' && startId !== undefined;
    const family = isThinking ? { family: thinking!.families[0]! } : {};
    const ids = [...this.promptTokens({ ...request, ...family }), ...(isInThought ? [startId] : [])];
    const room = this.generator.maxContext - ids.length;
    if (room < 1)
      throw new ForgeError(
        'INVALID_ARGUMENT',
        `a prompt of ${ids.length} tokens leaves no room for an answer in the context of ${this.generator.maxContext}`,
      );
    // Room for a thought with its marks.
    const wanted = request.maxTokens + (thinking ? thinking.tokens + 2 : 0);
    return { request, ids, isInThought, maxTokens: Math.min(room, wanted) };
  }

  /** Answers of requests with one temperature and one limit. */
  private async generate(batch: readonly Encoded[]): Promise<Response[]> {
    const written = batch.map((): number[] => []);
    const { temperature } = batch[0]!.request;
    const tokens = this.generator.generate(
      batch.map(({ ids }) => ids),
      {
        maxTokens: batch[0]!.maxTokens,
        temperature,
        seeds: batch.map(({ request }) => request.seed),
        stopTokens: endTokens(this.generator.model),
        ...(this.signal ? { signal: this.signal } : {}),
      },
    );
    for await (const { prompt, tokenId } of tokens) written[prompt]!.push(tokenId);
    return batch.map(({ ids, isInThought }, i) => ({
      text: this.shown(written[i]!, isInThought),
      tokens: ids.length + written[i]!.length,
    }));
  }

  /** The text without thoughts and special tokens. */
  private shown(ids: readonly number[], isInThought: boolean): string {
    const start = this.tokenizer.tokenToId(THINK_TOKENS.start);
    const end = this.tokenizer.tokenToId(THINK_TOKENS.end);
    let isInside = isInThought;
    const answer = ids.filter((id) => {
      const isMark = id === start || id === end;
      if (isMark) isInside = id === start;
      return !isMark && !isInside;
    });
    return this.tokenizer.decode(answer, { skipSpecialTokens: true });
  }
}

/** Greedy answers do not depend on the seed. */
function keyOf({ prompt, system, family, temperature, seed, isThinking, maxTokens }: Request): string {
  const draw = temperature === 0 ? '' : seed;
  return JSON.stringify([prompt, system ?? null, family ?? '', temperature, draw, isThinking, maxTokens]);
}
