/**
 * What a text of a fixed form is put together from: a text as it stands, a whole number as JSON writes it of at most so many digits, so that it ends,
 * or a JSON string without escapes.
 */
export type FormPart =
  { readonly text: string } | { readonly value: 'integer'; readonly digits: number } | { readonly value: 'string' };

/** No text of the form goes on like this. */
const DEAD = -1;

/** A deterministic automaton over the UTF-8 bytes of all texts of one of several forms. */
export class ByteAutomaton {
  private readonly next: Map<number, number>[] = [new Map()];
  private readonly final = new Set<number>();

  /** State before the first byte. */
  readonly start = 0;

  /** @param forms that differ in a text before their first value ends, as calls of tools with different names do */
  constructor(forms: readonly (readonly FormPart[])[]) {
    for (const form of forms) {
      let ends = [this.start];
      for (const part of form) ends = this.addPart(ends, part);
      for (const end of ends) this.final.add(end);
    }
  }

  /** The state after some bytes, undefined where no text of the form has them there. */
  advance(state: number, bytes: Uint8Array): number | undefined {
    let at = state;
    for (const byte of bytes) {
      at = this.next[at]!.get(byte) ?? DEAD;
      if (at === DEAD) return undefined;
    }
    return at;
  }

  /** Whether a text may end here. */
  isFinal(state: number): boolean {
    return this.final.has(state);
  }

  private addPart(from: readonly number[], part: FormPart): number[] {
    if ('text' in part) return this.addText(from, part.text);
    return part.value === 'integer' ? this.addInteger(from, part.digits) : this.addString(from);
  }

  private addText(from: readonly number[], text: string): number[] {
    let ends = from;
    for (const byte of new TextEncoder().encode(text)) ends = [this.addByte(ends, [byte])];
    return [...ends];
  }

  private addString(from: readonly number[]): number[] {
    const inside = this.addByte(from, [QUOTE]);
    this.link(inside, PLAIN, inside);
    return [this.addByte([inside], [QUOTE])];
  }

  private addInteger(from: readonly number[], digits: number): number[] {
    const zero = this.addByte(from, DIGITS.slice(0, 1));
    const first = this.addByte(from, DIGITS.slice(1));
    this.link(this.addByte(from, [MINUS]), DIGITS.slice(1), first);
    const ends = [zero, first];
    while (ends.length <= digits) ends.push(this.addByte([ends.at(-1)!], DIGITS));
    return ends;
  }

  /** One more state behind all of `from`, or the one that is there. */
  private addByte(from: readonly number[], bytes: readonly number[]): number {
    const found = this.next[from[0]!]!.get(bytes[0]!);
    const to = found ?? this.next.push(new Map()) - 1;
    for (const state of from) this.link(state, bytes, to);
    return to;
  }

  private link(state: number, bytes: readonly number[], to: number): void {
    for (const byte of bytes) this.next[state]!.set(byte, to);
  }
}

const [QUOTE, BACKSLASH, MINUS] = [...new TextEncoder().encode('"\\-')] as [number, number, number];
const DIGITS = [...new TextEncoder().encode('0123456789')];
/** Bytes of a JSON string that need no escape. */
const PLAIN = Array.from({ length: 256 }, (_, byte) => byte).filter(
  (byte) => byte >= 32 && byte !== QUOTE && byte !== BACKSLASH,
);
