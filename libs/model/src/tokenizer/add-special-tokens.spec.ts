import { expect, test } from '@jest/globals';
import { assertAudit, auditWeights } from '../audit.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model } from '../weights.js';
import { withSpecialTokens } from './add-special-tokens.js';
import { byteTokenizer } from './byte-tokenizer.js';

const TOKENS = ['<think>', '</think>'];
const plain = byteTokenizer(['<bos>', '<eos>', '<pad>']);
const DASH = '-'.charCodeAt(0);
const WIDTH = 32;

function modelOf(vocabSize: number, tied: boolean, tokenizer = plain): Model {
  const config = tinyConfig({ vocab_size: vocabSize, tie_word_embeddings: tied });
  return { config, tokenizer, weights: initWeights(config, 1) };
}
const row = ({ weights }: Model, name: string, id: number) =>
  weights.get(name)!.data.subarray(id * WIDTH, (id + 1) * WIDTH);

test.each([true, false])('missing tokens get ids and rows like the text (tied embedding: %s)', async (tied) => {
  const before = modelOf(plain.vocabSize, tied);
  const model = withSpecialTokens(before, TOKENS, '---');
  expect(model.config.vocabSize).toBe(261);
  expect(TOKENS.map((token) => model.tokenizer.tokenToId(token))).toEqual([259, 260]);
  for (const name of tied ? ['model.embed_tokens.weight'] : ['model.embed_tokens.weight', 'lm_head.weight']) {
    row(model, name, 259).forEach((value, i) => expect(value).toBeCloseTo(row(before, name, DASH)[i]!, 6));
    expect(row(model, name, 260)).toEqual(row(model, name, 259));
    for (const id of [0, 200, 258]) expect(row(model, name, id)).toEqual(row(before, name, id));
  }
  assertAudit(await auditWeights(model.config, model.weights, model.tokenizer));
  const text = 'é <think>1</think>';
  expect(model.tokenizer.decode(model.tokenizer.encode(text))).toBe(text);
  expect(model.tokenizer.encode('<think>')).toEqual([259]);
  expect(model.tokenizer.encode('a<eos>')).toEqual(plain.encode('a<eos>'));
});

test('spare rows are used before the tables grow', () => {
  expect(withSpecialTokens(modelOf(384, true), TOKENS, '---').config.vocabSize).toBe(384);
});

test('tokens that are there keep their rows', () => {
  const model = modelOf(byteTokenizer().vocabSize, true, byteTokenizer());
  expect(withSpecialTokens(model, TOKENS, '---')).toEqual(model);
});
