import type { Tokenizer } from './tokenizer.js';

/** A UTF-8 character has at most 4 bytes, so this many tokens may still be the beginning of one. */
const MAX_INCOMPLETE = 3;
/** Tokens without one whole character among them are noise; past this many they are shown as they are. */
const MAX_PENDING_TOKENS = 64;

/**
 * Turns tokens into text as they come, and never shows half a UTF-8 character. What it shows is, put together, what
 * `decode` gives for all tokens at once (byte-fallback tokenizers excepted where the bytes are no UTF-8 at all, since
 * there a later byte changes the text of earlier ones). The work per token does not grow with the text.
 */
export class TokenStream {
  /** The tokens of the last complete piece, which decide about the space before the next, and those since. */
  private readonly window: number[] = [];
  /** How many tokens of the window are shown in full. */
  private complete = 0;
  /** How many characters of the window's text are shown. */
  private shown = 0;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: { skipSpecialTokens?: boolean } = { skipSpecialTokens: true },
  ) {}

  /** The text that this token completes; often empty inside a character. */
  push(id: number): string {
    this.window.push(id);
    const text = this.decodeWindow();
    const pending = this.window.length - this.complete;
    const tail = /\ufffd+$/.exec(text)?.[0].length ?? 0;
    if (tail === 0 || pending > MAX_PENDING_TOKENS) return this.finish(text);
    return pending <= MAX_INCOMPLETE ? '' : this.show(text.slice(0, text.length - Math.min(tail, MAX_INCOMPLETE)));
  }

  /** What is left at the end, an incomplete character included. */
  end(): string {
    return this.finish(this.decodeWindow());
  }

  private decodeWindow(): string {
    return this.window.length === 0 ? '' : this.tokenizer.decode(this.window, this.options);
  }

  private show(text: string): string {
    const fresh = text.slice(this.shown);
    this.shown = Math.max(this.shown, text.length);
    return fresh;
  }

  /** Everything is shown: only the last piece is kept. */
  private finish(text: string): string {
    const fresh = this.show(text);
    this.window.splice(0, this.complete);
    this.complete = this.window.length;
    this.shown = this.decodeWindow().length;
    return fresh;
  }
}
