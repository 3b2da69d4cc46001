import { byteTokenizer } from './byte-tokenizer.js';
import { tokenizerFromJson } from './load-tokenizer.js';
import type { Tokenizer } from './tokenizer.js';
import { addedToken } from './tokenizer-json.js';
import type { Model, WeightTensor } from '../weights.js';

const TABLES = ['model.embed_tokens.weight', 'lm_head.weight'];

/** A model with the tokenizer that its token ids are of. */
export type TokenizedModel = Model & { readonly tokenizer: Tokenizer };

/**
 * Adds special tokens to a model's vocabulary where they are missing; those that are there keep their rows. New rows in embedding and head are the mean
 * of those of a text that means something like it. Spare rows of the tables are used before the tables grow.
 * @param like the text, for example `---`
 */
export function withSpecialTokens(model: Model, tokens: readonly string[], like: string): TokenizedModel {
  const tokenized = { ...model, tokenizer: model.tokenizer ?? byteTokenizer() };
  const missing = tokens.filter((token) => tokenized.tokenizer.tokenToId(token) === undefined);
  return missing.length > 0 ? grow(tokenized, missing, like) : tokenized;
}

function grow(
  { config, weights, tokenizer }: TokenizedModel,
  missing: readonly string[],
  text: string,
): TokenizedModel {
  const first = tokenizer.vocabSize;
  const vocabSize = Math.max(config.vocabSize, first + missing.length);
  const like = tokenizer.encode(text, { addSpecialTokens: false });
  const tables = TABLES.flatMap((name) => {
    const table = weights.get(name);
    return table ? [[name, grownTable(table, vocabSize, first, missing.length, like)] as const] : [];
  });
  return {
    config: { ...config, vocabSize },
    weights: new Map([...weights, ...tables]),
    tokenizer: grownTokenizer(tokenizer, missing),
  };
}

function grownTable(
  { shape, data }: WeightTensor,
  rows: number,
  first: number,
  count: number,
  like: readonly number[],
): WeightTensor {
  const width = shape[1]!;
  const grown = new Float32Array(rows * width);
  grown.set(data);
  for (let i = 0; i < width; i++) {
    const mean = like.reduce((sum, id) => sum + data[id * width + i]!, 0) / like.length;
    for (let row = first; row < first + count; row++) grown[row * width + i] = mean;
  }
  return { shape: [rows, width], data: grown };
}

function grownTokenizer(tokenizer: Tokenizer, missing: readonly string[]): Tokenizer {
  const files = new Map(tokenizer.files().map(({ name, json }) => [name, json as Record<string, unknown>]));
  const json = files.get('tokenizer.json')!;
  const added = missing.map((token, i) => addedToken(tokenizer.vocabSize + i, token));
  return tokenizerFromJson(
    { ...json, added_tokens: [...((json['added_tokens'] as object[] | undefined) ?? []), ...added] },
    files.get('tokenizer_config.json') ?? {},
  );
}
