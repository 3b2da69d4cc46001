import { createGenerator, endTokens, generateText, type Model, type TokenGenerator } from '@agent-forge/model';
import { ask } from '../generate/ask.js';

/** How a model is talked to. */
export interface ConversationOptions {
  readonly system: string | null;
  /** Earlier turns that the model sees. */
  readonly turns: number;
  readonly temperature: number;
  readonly seed: number;
  readonly maxTokens: number;
  readonly showThoughts: boolean;
  readonly threads?: number;
}

/** One question and its answer. */
export interface Turn {
  readonly prompt: string;
  readonly answer: string;
}

/** A conversation with a model, which is loaded once. Release it at the end. */
export class Conversation {
  private turns: Turn[] = [];

  private constructor(
    private readonly model: Model,
    private readonly generator: TokenGenerator,
    private readonly options: ConversationOptions,
  ) {}

  static async open(model: Model, options: ConversationOptions): Promise<Conversation> {
    const threads = options.threads === undefined ? {} : { threads: options.threads };
    return new Conversation(model, await createGenerator(model, { batchSize: 1, ...threads }), options);
  }

  /**
   * The model's answer. Of the earlier turns it sees as many as it is to, and as the context has room for.
   * @param onText gets the answer in pieces
   * @throws ForgeError INVALID_ARGUMENT for a prompt that is longer than the context
   */
  async say(prompt: string, signal: AbortSignal, onText: (piece: string) => void = () => undefined): Promise<Turn> {
    const { generator, model, options } = this;
    const { temperature, seed, showThoughts, system } = options;
    let earlier = options.turns === 0 ? [] : this.turns.slice(-options.turns);
    let ids = ask(model, { prompt, system, earlier });
    while (earlier.length > 0 && ids.length + options.maxTokens > generator.maxContext) {
      earlier = earlier.slice(1);
      ids = ask(model, { prompt, system, earlier });
    }
    const maxTokens = Math.max(1, Math.min(options.maxTokens, generator.maxContext - ids.length));
    const how = { maxTokens, temperature, seed: seed + this.turns.length, showThoughts, stopTokens: endTokens(model) };
    const { text } = await generateText(model, ids, { ...how, generator, signal, onText });
    const turn = { prompt, answer: text };
    this.turns.push(turn);
    return turn;
  }

  /** Forgets what was said. */
  startOver(): void {
    this.turns = [];
  }

  release(): Promise<void> {
    return this.generator.release();
  }
}
