import type { Tokenizer } from './tokenizer.js';

/** Longest UTF-8 character in bytes: a tail of replacement characters longer than this is real. */
const MAX_PENDING = 4;

/** Turns tokens into text as they come, and never shows half a UTF-8 character. */
export class TokenStream {
  private readonly ids: number[] = [];
  private shown = '';

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly options: { skipSpecialTokens?: boolean } = { skipSpecialTokens: true },
  ) {}

  /** The text that this token completes; often empty inside a character. */
  push(id: number): string {
    this.ids.push(id);
    const text = this.tokenizer.decode(this.ids, this.options);
    const tail = /\ufffd+$/.exec(text)?.[0].length ?? 0;
    // A run of replacement characters at the end may be the beginning of one character.
    const ready = tail > 0 && tail < MAX_PENDING ? text.slice(0, -tail) : text;
    return this.advance(ready);
  }

  /** What is left at the end, an incomplete character included. */
  end(): string {
    return this.advance(this.tokenizer.decode(this.ids, this.options));
  }

  private advance(text: string): string {
    if (!text.startsWith(this.shown)) return '';
    const fresh = text.slice(this.shown.length);
    this.shown = text;
    return fresh;
  }
}
