import { ForgeError } from '@agent-forge/contracts';
import { learnMerges, type Merge, type SymbolWord } from './bpe-merges.js';
import { BYTE_TO_CHAR } from './byte-map.js';
import { BYTE_SPECIAL_TOKENS, byteTokenizer } from './byte-tokenizer.js';
import { tokenizerFromJson } from './load-tokenizer.js';
import { byteLevelJson, tokenizerConfigJson } from './tokenizer-json.js';
import type { Tokenizer } from './tokenizer.js';
import { countWords } from './word-split.js';

const BYTES = 256;
/** Twice the largest vocabulary of published models (262,144). */
const MAX_VOCAB_SIZE = 2 ** 19;
/** Longer words (a text without spaces) are counted in pieces of this size, since a merge rewrites whole words. */
const MAX_WORD_BYTES = 1024;
/** A pair seen once is a memory of the text, not a part of the language. */
const DEFAULT_MIN_FREQUENCY = 2;

export interface BpeOptions {
  /** Bytes, special tokens and merges together; fewer come out when the text has no more frequent pairs. */
  readonly vocabSize: number;
  /** As in {@link byteTokenizer}; their text is left out of the counts. */
  readonly special?: readonly string[];
  /** A pair seen less often is not merged. */
  readonly minFrequency?: number;
}

/**
 * Trains a byte-level byte-pair tokenizer: token b is byte b, special tokens follow from 256 on as in the byte
 * tokenizer, then the merges in the order they were learnt. Every text comes back exactly. Same text, same result.
 * @param texts one text, or its parts in any number
 * @throws ForgeError `INVALID_ARGUMENT` for a vocabulary too small or too large, `TOKENIZER_INVALID` for bad special tokens
 */
export function trainBpe(
  texts: string | Iterable<string>,
  { vocabSize, special = BYTE_SPECIAL_TOKENS, minFrequency = DEFAULT_MIN_FREQUENCY }: BpeOptions,
): Tokenizer {
  const smallest = byteTokenizer(special).vocabSize;
  if (!Number.isInteger(vocabSize) || vocabSize < smallest || vocabSize > MAX_VOCAB_SIZE)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `vocabSize is ${vocabSize}; it must be a whole number from ${smallest} (bytes and special tokens) to ${MAX_VOCAB_SIZE}`,
    );
  if (!Number.isInteger(minFrequency) || minFrequency < 1)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `minFrequency is ${minFrequency}; it must be a whole number of at least 1`,
    );

  const alphabet = BYTE_ORDER.map((byte) => BYTE_TO_CHAR[byte]!);
  const words = symbolWords(countWords(withoutSpecial(typeof texts === 'string' ? [texts] : texts, special)));
  const maxSymbols = vocabSize - special.length;
  const merges = learnMerges(words, alphabet, { maxSymbols, minFrequency, forbidden: new Set(special) });
  return assemble(alphabet, merges, special);
}

/** Bytes in the order of their stand-in characters, which is the order that settles ties in `tokenizers`. */
const BYTE_ORDER: readonly number[] = BYTE_TO_CHAR.map((_, byte) => byte).sort((a, b) =>
  BYTE_TO_CHAR[a]! < BYTE_TO_CHAR[b]! ? -1 : 1,
);

function symbolWords(counts: ReadonlyMap<string, number>): SymbolWord[] {
  const symbolOfByte = new Map(BYTE_ORDER.map((byte, symbol) => [byte, symbol]));
  const encoder = new TextEncoder();
  const words: SymbolWord[] = [];
  for (const [word, count] of counts) {
    const bytes = encoder.encode(word);
    for (let start = 0; start < bytes.length; start += MAX_WORD_BYTES) {
      const piece = bytes.subarray(start, start + MAX_WORD_BYTES);
      words.push({ symbols: Array.from(piece, (byte) => symbolOfByte.get(byte)!), count });
    }
  }
  return words;
}

function* withoutSpecial(texts: Iterable<string>, special: readonly string[]): Iterable<string> {
  for (const text of texts) {
    let parts = [text];
    for (const token of special) parts = parts.flatMap((part) => part.split(token));
    yield* parts;
  }
}

function assemble(alphabet: readonly string[], merges: readonly Merge[], special: readonly string[]): Tokenizer {
  const ids = new Map<string, number>(BYTE_TO_CHAR.map((char, byte) => [char, byte]));
  const specialIds = special.map((token, i) => [token, BYTES + i] as const);
  alphabet.slice(BYTES).forEach((text, i) => ids.set(text, BYTES + special.length + i));
  const pairs = merges.map(({ left, right }) => [alphabet[left]!, alphabet[right]!] as const);
  const roles = { bos: '<bos>', eos: '<eos>', pad: '<pad>' };
  return tokenizerFromJson(
    byteLevelJson(Object.fromEntries([...ids, ...specialIds]), pairs, specialIds),
    tokenizerConfigJson(roles),
  );
}
