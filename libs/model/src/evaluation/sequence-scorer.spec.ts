import { describe, expect, test } from '@jest/globals';
import { fullLogits } from '../testing/full-logits.js';
import { HF_FIXTURES, readHfFixture } from '../testing/hf-fixtures.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import { SequenceScorer } from './sequence-scorer.js';

const config = tinyConfig();
const model = { config, weights: initWeights(config, 5), tokenizer: null };

describe.each(HF_FIXTURES)('%s', (name) => {
  test('has the loss that transformers computes, and the likeliest tokens of its logits', async () => {
    const { model, inputIds, logits, loss } = await readHfFixture(name);
    const scorer = await SequenceScorer.create(model, { threads: 1 });
    const scores = await scorer.score(inputIds);
    await scorer.release();
    const all = scores.flatMap(({ nll }) => [...nll]);
    expect(all.reduce((a, b) => a + b, 0) / all.length).toBeCloseTo(loss, 4);
    const { vocabSize } = model.config;
    scores.forEach(({ predicted }, row) =>
      predicted.forEach((token, i) => {
        const at = (row * inputIds[0]!.length + i) * vocabSize;
        const expected = logits.subarray(at, at + vocabSize);
        expect(expected[token]).toBeGreaterThanOrEqual(Math.max(...expected) - 1e-4);
      }),
    );
  });
});

test('padding and company change nothing', async () => {
  const scorer = await SequenceScorer.create(model, { threads: 1 });
  const sequences = [
    [1, 2],
    [3, 1, 4, 1, 5, 9, 2, 6],
    [5, 3, 5],
  ];
  const together = await scorer.score(sequences);
  for (const [i, ids] of sequences.entries()) {
    const [alone] = await scorer.score([ids]);
    expect(together[i]!.nll).toHaveLength(ids.length - 1);
    alone!.nll.forEach((x, j) => expect(together[i]!.nll[j]).toBeCloseTo(x, 5));
    expect(together[i]!.predicted).toEqual(alone!.predicted);
  }
  await scorer.release();
});

test('scores are the log-probabilities of the plain forward pass', async () => {
  const ids = [7, 2, 9, 11, 0, 3];
  const scorer = await SequenceScorer.create(model, { threads: 1 });
  const { nll } = (await scorer.score([ids]))[0]!;
  await scorer.release();
  const rows = await fullLogits(model, ids);
  nll.forEach((x, i) => {
    const total = rows[i]!.reduce((sum, l) => sum + Math.exp(l), 0);
    expect(x).toBeCloseTo(Math.log(total) - rows[i]![ids[i + 1]!]!, 5);
  });
});

describe('refuses', () => {
  test.each([
    { title: 'one token', ids: [1], message: /sequence 0 has 1 tokens; this model scores 2 to/ },
    { title: 'too many', ids: Array.from({ length: 10 }, () => 1), message: /has 10 tokens; this model scores 2 to 9/ },
    { title: 'a stranger', ids: [1, 999_999], message: /token 999999, outside the model's vocabulary of/ },
    { title: 'a fraction', ids: [1, 1.5], message: /token 1.5, outside/ },
  ])('$title', async ({ ids, message }) => {
    const scorer = await SequenceScorer.create(model, { threads: 1, maxLength: 8 });
    await expect(scorer.score([ids])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message),
    });
    await scorer.release();
  });
});
