import type { Tokenizer } from '../tokenizer/tokenizer.js';
import type { ByteAutomaton } from './byte-automaton.js';

/** A text before each token, so that a decoder that treats the beginning of a text otherwise does not do so here. */
const BEFORE = 'a';

/**
 * Keeps a generation inside a form: of each next token's logits only those stay whose bytes the form can have there, and the end token
 * where a text may end (Willard and Louf 2023, arXiv:2307.09702). Any tokenizer will do whose tokens are texts.
 */
export class TokenConstraint {
  private readonly bytes: readonly (Uint8Array | undefined)[];
  private readonly allowed = new Map<number, ReadonlyMap<number, number>>();

  constructor(
    private readonly automaton: ByteAutomaton,
    tokenizer: Tokenizer,
    private readonly stopTokens: readonly number[],
  ) {
    const special = new Set(tokenizer.specialTokens);
    const before = tokenizer.encode(BEFORE, { addSpecialTokens: false });
    const skip = tokenizer.decode(before).length;
    this.bytes = Array.from({ length: tokenizer.vocabSize }, (_, id) => {
      if (special.has(tokenizer.idToToken(id) ?? '')) return undefined;
      const text = tokenizer.decode([...before, id]).slice(skip);
      // U+FFFD stands for a part of a character, which has no text of its own.
      return text === '' || text.includes('�') ? undefined : new TextEncoder().encode(text);
    });
  }

  /** The state of a text that has not begun. */
  get start(): number {
    return this.automaton.start;
  }

  /** The logits with −∞ for every token that the form cannot have in this state. */
  mask(state: number, logits: Float32Array): Float32Array {
    const masked = new Float32Array(logits.length).fill(-Infinity);
    for (const id of this.tokensAt(state).keys()) masked[id] = logits[id]!;
    if (this.automaton.isFinal(state)) for (const id of this.stopTokens) masked[id] = logits[id]!;
    return masked;
  }

  /** The state after a token; a stop token leaves it as it is. */
  advance(state: number, tokenId: number): number {
    return this.tokensAt(state).get(tokenId) ?? state;
  }

  private tokensAt(state: number): ReadonlyMap<number, number> {
    const known = this.allowed.get(state);
    if (known) return known;
    const found = new Map<number, number>();
    for (const [id, bytes] of this.bytes.entries()) {
      const to = bytes && this.automaton.advance(state, bytes);
      if (to !== undefined) found.set(id, to);
    }
    this.allowed.set(state, found);
    return found;
  }
}
