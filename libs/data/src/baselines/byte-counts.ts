/** Before the first byte of a block stands this symbol, so that contexts never reach into another block. */
const START = 256;
const SYMBOLS = 257;

/** How often each byte followed each context of so many bytes. */
export class ByteCounts {
  private readonly pairs = new Map<number, number>();
  private readonly contexts = new Map<number, number>();

  /** @param contextLength at most 4, so that a context and its byte stay exact integers */
  constructor(
    private readonly contextLength: number,
    blocks: Iterable<Uint8Array>,
  ) {
    for (const block of blocks) {
      for (let i = 0; i < block.length; i += 1) {
        const context = this.contextAt(block, i);
        this.contexts.set(context, (this.contexts.get(context) ?? 0) + 1);
        const pair = context * SYMBOLS + block[i]!;
        this.pairs.set(pair, (this.pairs.get(pair) ?? 0) + 1);
      }
    }
  }

  /** Times that the context before place i was seen. */
  contextCount(block: Uint8Array, i: number): number {
    return this.contexts.get(this.contextAt(block, i)) ?? 0;
  }

  /** Share of a byte among all that followed the context before place i; undefined for a context never seen. */
  share(block: Uint8Array, i: number, byte: number): number | undefined {
    const context = this.contextAt(block, i);
    const count = this.contexts.get(context);
    return count && (this.pairs.get(context * SYMBOLS + byte) ?? 0) / count;
  }

  private contextAt(block: Uint8Array, i: number): number {
    let context = 0;
    for (let back = this.contextLength; back > 0; back -= 1) context = context * SYMBOLS + (block[i - back] ?? START);
    return context;
  }
}
