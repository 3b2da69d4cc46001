import { ForgeError } from '@agent-forge/contracts';
import { tokenizerFromJson, type Tokenizer } from '@agent-forge/model';

/** An entry of `added_tokens`; its other keys say how it is cut out of a text. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
}

interface TokenizerFile {
  readonly added_tokens?: readonly AddedToken[];
  readonly model: Readonly<Record<string, unknown>>;
}

/** Contents of the two files of a tokenizer. */
export function filesOf(tokenizer: Tokenizer): { json: TokenizerFile; config: Readonly<Record<string, unknown>> } {
  const [json, config] = ['tokenizer.json', 'tokenizer_config.json'].map(
    (name) => tokenizer.files().find((file) => file.name === name)?.json ?? {},
  );
  return { json: json as TokenizerFile, config: config as Record<string, unknown> };
}

/** Tokens by id, without those that have no row. */
export function tokenIds(tokenizer: Tokenizer, rows = Infinity): Map<string, number> {
  const ids = new Map<string, number>();
  for (let id = 0; id < Math.min(tokenizer.vocabSize, rows); id++) {
    const token = tokenizer.idToToken(id);
    if (token !== undefined) ids.set(token, id);
  }
  return ids;
}

/**
 * The tokenizer without tokens that have no row.
 * @throws ForgeError `TOKENIZER_INVALID` when it has such tokens and is no byte-pair encoding, whose tokens can be left out
 */
export function withoutTokensBeyond(tokenizer: Tokenizer, rows: number): Tokenizer {
  if (tokenizer.vocabSize <= rows) return tokenizer;
  const { json, config } = filesOf(tokenizer);
  const { type, vocab, merges } = json.model as {
    type?: unknown;
    vocab: Record<string, number>;
    merges: (string | [string, string])[];
  };
  if (type !== 'BPE')
    throw new ForgeError(
      'TOKENIZER_INVALID',
      `a tokenizer has ${tokenizer.vocabSize} tokens for ${rows} rows; those without one can be left out of BPE only, not of ${String(type)}`,
    );
  const kept = Object.entries(vocab).filter(([, id]) => id < rows);
  const lost = new Set(Object.keys(vocab).filter((token) => vocab[token]! >= rows));
  const model = {
    ...json.model,
    vocab: Object.fromEntries(kept),
    merges: merges.filter((merge) => !(typeof merge === 'string' ? merge.split(' ') : merge).some((t) => lost.has(t))),
  };
  return tokenizerFromJson({ ...json, model, added_tokens: json.added_tokens?.filter(({ id }) => id < rows) }, config);
}

/** How a token is cut out of a text when nothing else is said. */
const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: true, special: false };

/** The tokenizer with more added tokens; those that are not in its vocabulary get the next ids. */
function withAdded(tokenizer: Tokenizer, tokens: readonly Omit<AddedToken, 'id'>[]): Tokenizer {
  if (tokens.length === 0) return tokenizer;
  const { json, config } = filesOf(tokenizer);
  let next = tokenizer.vocabSize;
  const more = tokens.map((token) => ({ ...token, id: tokenizer.tokenToId(token.content) ?? next++ }));
  return tokenizerFromJson({ ...json, added_tokens: [...(json.added_tokens ?? []), ...more] }, config);
}

/** The tokenizer with these texts as tokens, where it lacks them. */
export function withTokens(tokenizer: Tokenizer, texts: Iterable<string>): Tokenizer {
  const lacking = [...texts].filter((text) => tokenizer.tokenToId(text) === undefined);
  return withAdded(
    tokenizer,
    lacking.map((content) => ({ ...PLAIN, content })),
  );
}

/**
 * The base's tokenizer with what others have on top: ordinary tokens become added ones, in the order of models and ids;
 * added tokens keep how they are cut out of a text, of the first model that has them.
 * @param others with the number of their rows; tokens without a row do not count
 */
export function unionOf(base: Tokenizer, others: readonly { tokenizer: Tokenizer; rows: number }[]): Tokenizer {
  const addedOf = (tokenizer: Tokenizer): readonly AddedToken[] => filesOf(tokenizer).json.added_tokens ?? [];
  const special = new Map(addedOf(base).map((token) => [token.content, token]));
  const known = new Set(special.keys());
  for (const { tokenizer, rows } of others)
    for (const token of addedOf(tokenizer))
      if (token.id < rows && !special.has(token.content)) special.set(token.content, token);
  const ordinary = others.flatMap(({ tokenizer, rows }) => [...tokenIds(tokenizer, rows).keys()]);
  const result = withTokens(base, new Set(ordinary.filter((token) => !special.has(token))));
  return withAdded(
    result,
    [...special.values()].filter(({ content }) => !known.has(content)),
  );
}
