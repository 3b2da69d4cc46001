import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { mergedModel } from '../engine/merge-models.js';
import { parseMergeRecipe, readMergeRecipe } from '../recipe/read-recipe.js';
import { maxDifference, readAll } from '../testing/mergekit-fixtures.js';
import { planMerge } from './plan-merge.js';

/** Made by tools/peers/mergekit_fixtures.py. */
const ROOT = fileURLToPath(new URL('../../fixtures/tokenizers/', import.meta.url));
const CASES = readdirSync(`${ROOT}cases`).sort();

describe('vocabularies are aligned as mergekit 0.1.5 does for', () => {
  test('every fixture', () => expect(CASES.length).toBe(8));

  test.each(CASES)('%s', async (name) => {
    const folder = `${ROOT}cases/${name}`;
    const { vocab_size: rows, tokens } = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
      vocab_size: number;
      tokens: string[];
    };
    const model = mergedModel(await planMerge(await readMergeRecipe(`${folder}/recipe.yaml`)));
    expect(model.config.vocabSize).toBe(rows);
    const tokenizer = model.tokenizer!;
    expect(tokenizer.vocabSize).toBe(tokens.length);
    for (const [tensor, theirs] of await readAll(`${folder}/expected.safetensors`)) {
      const ours = await model.weights.read(tensor);
      const width = ours.shape[1]!;
      const row = (data: Float32Array, id: number) => data.subarray(id * width, (id + 1) * width);
      // mergekit numbers the new tokens of a union in the arbitrary order of a hash table.
      for (const [id, token] of tokens.entries())
        expect(maxDifference(row(ours.data, tokenizer.tokenToId(token)!), row(theirs, id))).toBeLessThan(1e-6);
      for (let id = tokens.length; id < rows; id++)
        expect(maxDifference(row(ours.data, id), row(theirs, id))).toBeLessThan(1e-6);
    }
  });

  test('and text is cut as the base cuts it', async () => {
    const { tokenizer } = await planMerge(await readMergeRecipe(`${ROOT}cases/union/recipe.yaml`));
    // The base's ids stay; <|user|> is special in the model that has it, note is an ordinary word.
    expect(tokenizer!.encode('abcd<s>')).toEqual([9, 3, 11]);
    const [user, note] = ['<|user|>', 'note'].map((token) => tokenizer!.tokenToId(token)!);
    expect(tokenizer!.encode('a<|user|>note')).toEqual([0, user, note]);
    expect(tokenizer!.specialTokens).toEqual(['<s>', '</s>', '<|user|>', '<|fim|>']);
    expect(tokenizer!.decode([0, user!, note!], { skipSpecialTokens: true })).toBe('anote');
  });
});

describe('a tokenizer section is refused in one line with its place', () => {
  const recipe = (section: string) => `merge_method: linear
base_model: ../../models/base
models:
  - {model: ../../models/base, parameters: {weight: 1}}
  - {model: ../../models/chat, parameters: {weight: 1}}
tokenizer:
${section}`;
  test.each([
    [
      'a token of a model that is not merged',
      '  tokens: {ab: {source: ../../models/code, force: true}}',
      /:7:16: the token "ab" is to come from .*code, which gives no rows/,
    ],
    [
      'a token that the model lacks',
      '  tokens: {note: {source: ../../models/base}}',
      /:7:18: the token "note" .* which has no "note"/,
    ],
    [
      'an id beyond the model',
      '  tokens: {x: {source: {kind: model_token, model: ../../models/base, token_id: 99}}}',
      /:7:\d+: the token "x" .* which has no 99/,
    ],
    ['a token without a source that is needed', '  tokens: {x: {force: true}}', /:7:15: the token "x" has no source/],
    [
      'both token and token_id',
      '  tokens: {x: {source: {kind: model_token, model: a, token: b, token_id: 1}}}',
      /:7:\d+: tokenizer.tokens.x.source has either token or token_id/,
    ],
    [
      'a kind that there is not',
      '  tokens: {x: {source: {kind: one}}}',
      /:7:\d+: tokenizer.tokens.x.source.kind is "one"/,
    ],
    ['a padding of nothing', '  pad_to_multiple_of: 0', /:7:23: tokenizer.pad_to_multiple_of is 0/],
    ['an unknown key', '  sauce: union', /:7:3: unknown key "sauce"/],
  ])('%s', async (_, section, message) => {
    const path = `${ROOT}cases/union/other.yaml`;
    const refused = async () => planMerge(parseMergeRecipe(recipe(section), path));
    await expect(refused()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(refused()).rejects.toThrow(message);
  });
});
