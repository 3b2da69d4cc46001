import { ForgeError } from '@agent-forge/contracts';
import { Tokenizer as HfTokenizer } from '@huggingface/tokenizers';
import type { Tokenizer } from './tokenizer.js';
import type { TokenizerJson } from './tokenizer-rules.js';

/** The pattern that ByteLevel pre-tokenizers carry inside (GPT-2's), in Oniguruma's syntax. */
const GPT2_PATTERN = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/**
 * `@huggingface/tokenizers` behind our interface. Four faults of version 0.2.0, each found by comparison with the
 * `tokenizers` library, are mended: decoding nothing throws; ids without a token become the text "undefined"; byte
 * fallback loses U+FEFF and decodes bytes that are no UTF-8 in another way; the pattern inside ByteLevel takes U+FEFF
 * for white space and U+0085 for none.
 */
export class LibraryTokenizer implements Tokenizer {
  readonly specialTokens: readonly string[];
  readonly vocabSize: number;
  readonly bosId: number | null;
  readonly eosId: number | null;
  readonly padId: number | null;
  private readonly library: HfTokenizer;
  private readonly special: ReadonlySet<number>;

  constructor(
    private readonly json: TokenizerJson,
    private readonly config: Readonly<Record<string, unknown>>,
  ) {
    this.library = new HfTokenizer({ ...json, pre_tokenizer: withExplicitPattern(json.pre_tokenizer) }, config);
    mendByteFallback(this.library.decoder);
    const special = json.added_tokens.filter((token) => token.special);
    this.specialTokens = special.map((token) => token.content);
    this.special = new Set(special.map((token) => token.id));
    this.vocabSize = [...this.library.get_vocab(true).values()].reduce((max, id) => Math.max(max, id), -1) + 1;
    this.bosId = this.roleId('bos');
    this.eosId = this.roleId('eos');
    this.padId = this.roleId('pad');
  }

  /** @throws ForgeError `TOKENIZER_INVALID` when a part of the file is malformed that only comes up in use */
  encode(text: string, { addSpecialTokens = true }: { addSpecialTokens?: boolean } = {}): number[] {
    const { ids } = using(() => this.library.encode(text, { add_special_tokens: addSpecialTokens }));
    // The type says numbers; tokens without an id (of a post-processor, say) come as undefined.
    if (!ids.every(Number.isInteger)) throw unusable('a token that it makes has no id');
    return ids;
  }

  /** @throws ForgeError `TOKENIZER_INVALID` as {@link encode} */
  decode(ids: readonly number[], { skipSpecialTokens = false }: { skipSpecialTokens?: boolean } = {}): string {
    const known = ids.filter((id) => this.idToToken(id) !== undefined && !(skipSpecialTokens && this.special.has(id)));
    if (known.length === 0) return '';
    return using(() => this.library.decode(known, { skip_special_tokens: false, clean_up_tokenization_spaces: false }));
  }

  tokenToId(token: string): number | undefined {
    return this.library.token_to_id(token);
  }

  idToToken(id: number): string | undefined {
    return this.library.id_to_token(id);
  }

  files(): { name: string; json: unknown }[] {
    return [
      { name: 'tokenizer.json', json: this.json },
      { name: 'tokenizer_config.json', json: this.config },
    ];
  }

  private roleId(role: 'bos' | 'eos' | 'pad'): number | null {
    const token = this.config[`${role}_token`] as string | { content?: unknown } | null | undefined;
    const text = typeof token === 'object' ? token?.content : token;
    return typeof text === 'string' ? (this.tokenToId(text) ?? null) : null;
  }
}

/** The error of a tokenizer.json that the library cannot use. */
export function unusable(reason: string, cause?: unknown): ForgeError {
  return new ForgeError('TOKENIZER_INVALID', `tokenizer.json cannot be used: ${reason.replaceAll('\n', ' ')}`, cause);
}

/** Whatever the library throws is about the file: it takes any text and ids. */
export function using<T>(call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw unusable(error instanceof Error ? error.message : String(error), error);
  }
}

/** The same pre-tokenizer with the pattern of ByteLevel moved into a Split, whose white space the library gets right. */
function withExplicitPattern(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer;
  const { type, use_regex: useRegex = true, add_prefix_space: prefix, pretokenizers } = preTokenizer as Parts;
  if (type === 'Sequence' && Array.isArray(pretokenizers))
    return { ...preTokenizer, pretokenizers: pretokenizers.map(withExplicitPattern) };
  // A space in front comes before the cut, so then the order cannot be changed.
  if (type !== 'ByteLevel' || useRegex !== true || prefix === true) return preTokenizer;
  const split = { type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false };
  return { type: 'Sequence', pretokenizers: [split, { ...preTokenizer, use_regex: false }] };
}

interface Parts {
  readonly type?: unknown;
  readonly use_regex?: unknown;
  readonly add_prefix_space?: unknown;
  readonly pretokenizers?: unknown;
}

/** As `tokenizers` does: a run of byte tokens is UTF-8 as a whole, or one replacement character per byte. */
const strictUtf8 = {
  decode(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return '\ufffd'.repeat(bytes.length);
    }
  },
};

function mendByteFallback(decoder: object | null): void {
  const { config, decoders = [] } = (decoder ?? {}) as { config?: { type?: string }; decoders?: object[] };
  if (decoder !== null && config?.type === 'ByteFallback') Object.assign(decoder, { text_decoder: strictUtf8 });
  decoders.forEach(mendByteFallback);
}
