import { PairQueue } from './pair-queue.js';

/** A word as symbols, and how often it occurs. */
export interface SymbolWord {
  symbols: number[];
  readonly count: number;
}

/** Symbols stay below this, so that a pair of them is one exact number. */
const PAIR_BASE = 2 ** 26;

/** A merge: two symbols that become one. `symbol` is new, or an older one with the same characters. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly symbol: number;
}

export interface LearnOptions {
  /** Stop once there are this many symbols. */
  readonly maxSymbols: number;
  /** A pair seen less often is not merged. */
  readonly minFrequency: number;
  /** Strings that no merge may spell. */
  readonly forbidden: ReadonlySet<string>;
}

/**
 * Byte-pair encoding (Sennrich, Haddow, Birch 2016, arXiv 1508.07909, algorithm 1): merges the most frequent pair of
 * neighbours, again and again. Counts are kept up to date word by word, so a merge costs what it changes. Of equally
 * frequent pairs the one with the smaller symbols is taken, which is the rule of the `tokenizers` library too.
 * @param words changed in place: afterwards they hold the merged symbols
 * @param alphabet the text of symbols 0 to n-1; texts of new symbols are appended
 */
export function learnMerges(words: readonly SymbolWord[], alphabet: string[], options: LearnOptions): Merge[] {
  const pairs = new PairCounts(words);
  const symbolOf = new Map(alphabet.map((text, symbol) => [text, symbol]));
  const merges: Merge[] = [];
  const seen = new Set<number>();
  while (alphabet.length < options.maxSymbols) {
    const key = pairs.popMostFrequent(options.minFrequency);
    if (key === null) break;
    const [left, right] = [Math.floor(key / PAIR_BASE), key % PAIR_BASE];
    const text = alphabet[left]! + alphabet[right]!;
    if (options.forbidden.has(text)) continue;
    const symbol = symbolOf.get(text) ?? alphabet.push(text) - 1;
    symbolOf.set(text, symbol);
    if (!seen.has(key)) merges.push({ left, right, symbol });
    seen.add(key);
    pairs.merge(key, symbol);
  }
  return merges;
}

/** How often each pair of neighbours occurs, and in which words. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  /** Words that had the pair when it was noted; some may have lost it since. */
  private readonly places = new Map<number, number[]>();
  private readonly queue = new PairQueue();

  constructor(private readonly words: readonly SymbolWord[]) {
    for (let i = 0; i < words.length; i++) this.count(i, 1);
    for (const [key, count] of this.counts) this.queue.push({ key, count });
  }

  /** The most frequent pair, or null if none occurs `minFrequency` times. */
  popMostFrequent(minFrequency: number): number | null {
    for (let top = this.queue.pop(); top !== undefined; top = this.queue.pop()) {
      const count = this.counts.get(top.key) ?? 0;
      if (count < minFrequency) continue;
      if (count === top.count) return top.key;
      this.queue.push({ key: top.key, count });
    }
    return null;
  }

  merge(key: number, symbol: number): void {
    const [left, right] = [Math.floor(key / PAIR_BASE), key % PAIR_BASE];
    const places = this.places.get(key) ?? [];
    this.places.delete(key);
    const touched = new Set<number>();
    for (const index of places) {
      const word = this.words[index]!;
      const merged = replacePair(word.symbols, left, right, symbol);
      if (merged.length === word.symbols.length) continue;
      this.count(index, -1);
      word.symbols = merged;
      this.count(index, 1, symbol, touched);
    }
    this.counts.delete(key);
    for (const changed of touched) this.queue.push({ key: changed, count: this.counts.get(changed)! });
  }

  /** Adds or takes away a word's pairs. Pairs with the symbol that was just made are noted in `touched` and `places`. */
  private count(index: number, sign: 1 | -1, made?: number, touched?: Set<number>): void {
    const { symbols, count } = this.words[index]!;
    for (let i = 0; i + 1 < symbols.length; i++) {
      const key = symbols[i]! * PAIR_BASE + symbols[i + 1]!;
      this.counts.set(key, (this.counts.get(key) ?? 0) + sign * count);
      if (sign < 0 || (made !== undefined && symbols[i] !== made && symbols[i + 1] !== made)) continue;
      touched?.add(key);
      const places = this.places.get(key);
      if (places === undefined) this.places.set(key, [index]);
      else if (places[places.length - 1] !== index) places.push(index);
    }
  }
}

function replacePair(symbols: readonly number[], left: number, right: number, symbol: number): number[] {
  const merged: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const hit = symbols[i] === left && symbols[i + 1] === right;
    merged.push(hit ? symbol : symbols[i]!);
    if (hit) i++;
  }
  return merged;
}
