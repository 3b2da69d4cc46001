import { describe, expect, test } from '@jest/globals';
import { fullLogits } from '../testing/full-logits.js';
import { byteTokenizer } from '../tokenizer/byte-tokenizer.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model } from '../weights.js';
import { evaluateText } from './evaluate-text.js';
import { SequenceScorer } from './sequence-scorer.js';

const tokenizer = byteTokenizer();
const config = tinyConfig({ vocab_size: tokenizer.vocabSize });
const model: Model = { config, weights: initWeights(config, 11), tokenizer };
const TEXT = 'Größe und Maß: zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich. 🦊';

/** Nats of one window, token by token, from the plain forward pass. */
async function nats(ids: readonly number[]): Promise<number> {
  const rows = await fullLogits(model, ids.slice(0, -1));
  return rows.reduce((sum, logits, i) => {
    const total = logits.reduce((all, l) => all + Math.exp(l), 0);
    return sum + Math.log(total) - logits[ids[i + 1]!]!;
  }, 0);
}

describe('evaluateText', () => {
  test.each([1, 7, 16, 64])('is the brute-force sum over windows of %d', async (contextLength) => {
    const ids = tokenizer.encode(TEXT);
    let total = 0;
    for (let at = 0; at < ids.length - 1; at += contextLength)
      total += await nats(ids.slice(at, at + contextLength + 1));
    const found = await evaluateText(model, TEXT, { contextLength, threads: 1 });
    const bytes = Buffer.byteLength(TEXT);
    expect(found).toMatchObject({ tokens: ids.length - 1, bytes });
    expect(found.loss).toBeCloseTo(total / (ids.length - 1), 5);
    expect(found.perplexity).toBeCloseTo(Math.exp(found.loss), 8);
    expect(found.bitsPerByte).toBeCloseTo(total / Math.LN2 / bytes, 5);
  });

  test('does not depend on the batch, and a scorer can be used again', async () => {
    const scorer = await SequenceScorer.create(model, { threads: 1 });
    const losses: number[] = [];
    for (const batchSize of [1, 3, 50])
      losses.push((await evaluateText(model, TEXT, { contextLength: 8, batchSize, scorer })).loss);
    await scorer.release();
    for (const loss of losses) expect(loss).toBeCloseTo(losses[0]!, 6);
  });

  test('several texts are scored each by itself', async () => {
    const parts = [TEXT.slice(0, 30), TEXT.slice(30)];
    const together = await evaluateText(model, parts, { contextLength: 16, threads: 1 });
    const alone = await Promise.all(parts.map((text) => evaluateText(model, text, { contextLength: 16, threads: 1 })));
    const total = alone.reduce((sum, r) => sum + r.loss * r.tokens, 0);
    expect(together.tokens).toBe(alone[0]!.tokens + alone[1]!.tokens);
    expect(together.loss).toBeCloseTo(total / together.tokens, 6);
    alone.forEach(({ bitsPerByte, bytes }, i) => {
      expect(together.texts[i]!.bytes).toBe(bytes);
      expect(together.texts[i]!.bits / bytes).toBeCloseTo(bitsPerByte, 6);
    });
  });

  test('a first token that the tokenizer puts before a text is context; otherwise the first of the text is', async () => {
    const encode = (text: string, { addSpecialTokens = true } = {}): number[] => [
      ...(addSpecialTokens ? [tokenizer.bosId!] : []),
      ...tokenizer.encode(text),
    ];
    const beginning: Model = { ...model, tokenizer: Object.create(tokenizer, { encode: { value: encode } }) };
    const found = await evaluateText(beginning, 'abc', { threads: 1 });
    expect(found.tokens).toBe(3);
    expect(found.loss).toBeCloseTo((await nats([tokenizer.bosId!, 97, 98, 99])) / 3, 5);
    expect((await evaluateText(model, 'abc', { threads: 1 })).tokens).toBe(2);
    await expect(evaluateText(model, 'a')).rejects.toMatchObject({ code: 'DATA_INVALID' });
  });

  test('reports progress up to 1 and stops when asked', async () => {
    const shares: number[] = [];
    await evaluateText(model, TEXT, { contextLength: 8, batchSize: 2, threads: 1, onProgress: (x) => shares.push(x) });
    expect(shares.length).toBeGreaterThan(2);
    expect(shares.at(-1)).toBe(1);
    const signal = AbortSignal.abort();
    await expect(evaluateText(model, TEXT, { signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test.each([
    { title: 'nothing to read', text: '', options: {}, code: 'DATA_INVALID' },
    { title: 'a window of nothing', text: TEXT, options: { contextLength: 0 }, code: 'INVALID_ARGUMENT' },
    { title: 'a window beyond the positions', text: TEXT, options: { contextLength: 65 }, code: 'INVALID_ARGUMENT' },
    { title: 'a batch of nothing', text: TEXT, options: { batchSize: 0 }, code: 'INVALID_ARGUMENT' },
  ])('refuses $title', async ({ text, options, code }) => {
    await expect(evaluateText(model, text, options)).rejects.toMatchObject({ code });
  });

  test('refuses a model without a tokenizer', async () => {
    await expect(evaluateText({ ...model, tokenizer: null }, TEXT)).rejects.toMatchObject({
      code: 'TOKENIZER_INVALID',
    });
  });
});
