import { ForgeError } from '@agent-forge/contracts';
import type { LlamaConfig } from '../config.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { WORD_PATTERN } from '../tokenizer/word-split.js';
import type { GgufValue } from './format.js';

/** `tokenizer.ggml.token_type` */
const TOKEN_TYPE = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** llama.cpp's names of the patterns that cut texts into words, which it has built in. */
const PATTERNS: Readonly<Record<string, string>> = {
  [WORD_PATTERN]: 'qwen2',
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+":
    'llama-bpe',
};
/** The pattern inside ByteLevel pre-tokenizers, and where nothing is cut and nothing merged. */
const GPT2 = 'gpt-2';

interface Part {
  readonly type?: string;
  readonly use_regex?: boolean;
  readonly pattern?: { readonly Regex?: string };
  readonly pretokenizers?: readonly Part[];
  readonly normalizers?: readonly Part[];
}

interface TokenizerFile {
  readonly pre_tokenizer: Part | null;
  readonly normalizer: Part | null;
  readonly added_tokens: readonly { id: number; content: string; special: boolean }[];
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly unk_token?: string | null;
  };
}

/**
 * The tokenizer keys of a GGUF file: tokens with their types, merges or scores, the pattern's name, and the roles. Without a
 * tokenizer the file says so, and holds ids only.
 * @throws ForgeError `UNSUPPORTED_FORMAT` when llama.cpp would cut texts in another way
 */
export function tokenizerMetadata(config: LlamaConfig, tokenizer: Tokenizer | null): [string, GgufValue][] {
  const text = (value: string): GgufValue => ({ type: 'string', value });
  if (tokenizer === null) return [['tokenizer.ggml.model', text('no_vocab')]];
  const files = new Map(tokenizer.files().map(({ name, json }) => [name, json]));
  const file = files.get('tokenizer.json') as TokenizerFile;
  if (file.model.type !== 'BPE') unsupported(`its model is ${String(file.model.type)}; GGUF is written for BPE`);
  const merges = (file.model.merges ?? []).map((m) => (typeof m === 'string' ? m : m.join(' ')));
  const { tokens, types } = vocabulary(config.vocabSize, file);
  const specials = tokenizer.encode('', { addSpecialTokens: true });
  const template = (files.get('tokenizer_config.json') as { chat_template?: unknown } | undefined)?.chat_template;
  const flag = (value: boolean): GgufValue => ({ type: 'bool', value });
  const id = (role: string, value: number | null | undefined): [string, GgufValue][] =>
    value === null || value === undefined ? [] : [[`tokenizer.ggml.${role}_token_id`, { type: 'u32', value }]];
  return [
    ...(file.model.byte_fallback === true ? sentencePieces(file, merges, tokens) : byteLevel(file, merges)),
    ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'array', of: 'i32', value: types }],
    ...id('bos', config.bosTokenId ?? tokenizer.bosId),
    ...id('eos', config.eosTokenId[0] ?? tokenizer.eosId),
    ...id('padding', config.padTokenId ?? tokenizer.padId),
    ['tokenizer.ggml.add_bos_token', flag(tokenizer.bosId !== null && specials[0] === tokenizer.bosId)],
    ['tokenizer.ggml.add_eos_token', flag(tokenizer.eosId !== null && specials.at(-1) === tokenizer.eosId)],
    ...(typeof template === 'string' ? [['tokenizer.chat_template', text(template)] as [string, GgufValue]] : []),
  ];
}

function unsupported(problem: string): never {
  throw new ForgeError('UNSUPPORTED_FORMAT', `this tokenizer cannot be written to GGUF: ${problem}`);
}

/** Every row of the embedding has a token; rows that the tokenizer does not use get a name of their own. */
function vocabulary(
  rows: number,
  { model, added_tokens: added }: TokenizerFile,
): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: rows }, (_, i) => `[unused ${i}]`);
  const types = new Array<number>(rows).fill(TOKEN_TYPE.unused);
  for (const [token, i] of Object.entries(model.vocab)) {
    tokens[i] = token;
    const byte = model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(token);
    types[i] = token === model.unk_token ? TOKEN_TYPE.unknown : byte ? TOKEN_TYPE.byte : TOKEN_TYPE.normal;
  }
  for (const { id, content, special } of added) {
    tokens[id] = content;
    if (types[id] !== TOKEN_TYPE.unknown) types[id] = special ? TOKEN_TYPE.control : TOKEN_TYPE.userDefined;
  }
  return { tokens, types };
}

/** Tokens are written in the byte alphabet of GPT-2, and merged in the order given. */
function byteLevel({ pre_tokenizer: pre }: TokenizerFile, merges: readonly string[]): [string, GgufValue][] {
  const parts = pre?.type === 'Sequence' ? (pre.pretokenizers ?? []) : pre ? [pre] : [];
  const byteLevels = parts.filter(({ type }) => type === 'ByteLevel');
  const splits = parts.flatMap(({ type, pattern }) => (type === 'Split' ? [pattern?.Regex ?? ''] : []));
  if (byteLevels.length !== 1 || parts.length !== 1 + splits.length)
    unsupported('its pre-tokenizer is neither ByteLevel nor a Split before it');
  const inside = byteLevels[0]!.use_regex !== false;
  const name =
    splits.length === 1 && !inside
      ? PATTERNS[splits[0]!]
      : splits.length === 0 && (inside || merges.length === 0)
        ? GPT2
        : undefined;
  if (name === undefined) unsupported('llama.cpp has no name for the pattern that cuts its words');
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'string', value: name! }],
    ['tokenizer.ggml.merges', { type: 'array', of: 'string', value: merges }],
  ];
}

/** Llama 2: the earlier a token is merged, the higher its score. */
function sentencePieces(
  { normalizer }: TokenizerFile,
  merges: readonly string[],
  tokens: readonly string[],
): [string, GgufValue][] {
  const rank = new Map(merges.map((merge, i) => [merge.replace(' ', ''), i]));
  const parts = normalizer?.type === 'Sequence' ? (normalizer.normalizers ?? []) : normalizer ? [normalizer] : [];
  return [
    ['tokenizer.ggml.model', { type: 'string', value: 'llama' }],
    ['tokenizer.ggml.pre', { type: 'string', value: 'default' }],
    [
      'tokenizer.ggml.scores',
      { type: 'array', of: 'f32', value: tokens.map((token) => -(rank.get(token) ?? merges.length)) },
    ],
    ['tokenizer.ggml.add_space_prefix', { type: 'bool', value: parts.some(({ type }) => type === 'Prepend') }],
  ];
}
