import { ForgeError } from '@agent-forge/contracts';
import type { Model, WeightTensor } from '../weights.js';
import { tokenizerFromJson } from './load-tokenizer.js';

/** Tables with a row for each token. */
const TABLES = ['model.embed_tokens.weight', 'lm_head.weight'];

/**
 * The same model with special tokens that its tokenizer did not have, their rows of embedding and head the mean of all others (Hewitt 2021, "Initializing New
 * Word Embeddings for Pretrained Language Models"): a new token takes no more probability than an average one.
 * @returns the model itself when the tokenizer has them all
 * @throws ForgeError `TOKENIZER_INVALID` for a model without a tokenizer, or with one that says nothing of its tokens
 */
export function addSpecialTokens(model: Model, names: readonly string[]): Model {
  const { tokenizer, config, weights } = model;
  if (!tokenizer) throw new ForgeError('TOKENIZER_INVALID', 'the model has no tokenizer, so it can get no new tokens');
  const missing = names.filter((name) => tokenizer.tokenToId(name) === undefined);
  if (missing.length === 0) return model;
  const [main, side] = ['tokenizer.json', 'tokenizer_config.json'].map(
    (file) => tokenizer.files().find(({ name }) => name === file)?.json as Record<string, unknown> | undefined,
  );
  if (main === undefined) throw new ForgeError('TOKENIZER_INVALID', 'the tokenizer has no tokenizer.json');
  // Embeddings may have spare rows behind the last token.
  const first = Math.max(tokenizer.vocabSize, ...addedOf(main).map(({ id }) => id + 1));
  const added = missing.map((content, i) => ({ id: first + i, content, ...PLAIN }));
  const grown = tokenizerFromJson({ ...main, added_tokens: [...addedOf(main), ...added] }, side ?? {});
  const vocabSize = Math.max(config.vocabSize, first + missing.length);
  const tables = TABLES.flatMap((name) => {
    const table = weights.get(name);
    return table === undefined
      ? []
      : [
          [
            name,
            withRows(
              table,
              vocabSize,
              added.map(({ id }) => id),
            ),
          ] as const,
        ];
  });
  return {
    config: { ...config, vocabSize },
    weights: new Map([...weights, ...tables]),
    tokenizer: grown,
  };
}

const PLAIN = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

function addedOf(json: Record<string, unknown>): { id: number; content: string }[] {
  return (json['added_tokens'] as { id: number; content: string }[] | undefined) ?? [];
}

/** @param fresh rows that become the mean of those that were there */
function withRows({ shape, data }: WeightTensor, rows: number, fresh: readonly number[]): WeightTensor {
  const [count, width] = shape as [number, number];
  const grown = new Float32Array(rows * width);
  grown.set(data);
  for (let column = 0; column < width; column++) {
    let sum = 0;
    for (let row = 0; row < count; row++) sum += data[row * width + column]!;
    for (const row of fresh) grown[row * width + column] = sum / count;
  }
  return { shape: [rows, width], data: grown };
}
