import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Weights } from '../weights.js';
import type { ThoughtRows } from './layout.js';
import { initMixingHead } from './mixing-head.js';
import { type ThoughtForm, ThoughtSampler, weightInputs } from './sampler.js';
import { talkBatch } from './talk-batch.js';
import { thoughtJudge } from './thought-trainer.js';

const config = tinyConfig({ vocab_size: 40, max_position_embeddings: 64 });
const model = initWeights(config, 3);
const head = initMixingHead(config.hiddenSize, 3);
const shapes = new Map([...model].map(([name, { shape }]) => [name, shape]));
const form: ThoughtForm = {
  tokens: 3,
  startId: 38,
  endId: 39,
  padId: 0,
  alphabet: Array.from({ length: 30 }, (_, i) => i + 1),
};
const GREEDY = { temperature: 0, seed: 1 };

const rng = Rng.derive(1, 'texts');
const texts = [12, 9, 12].map((length) => Array.from({ length }, () => 1 + rng.int(30)));
const rows: ThoughtRows = {
  texts,
  anchors: [
    [0, 3, 4, 7],
    [1, 2, 5, 6],
    [0, 1, 9, 10],
  ],
};

const sampler = () => new ThoughtSampler(config, shapes, form, { threads: 1 });

/** Losses of all talks without and with thoughts. */
async function judge(weights: Weights, given: ThoughtRows, blocks: Int32Array[], talk = 2) {
  const batch = talkBatch(
    given,
    blocks,
    talk,
    given.texts.map((text) => text.map(() => 1)),
    form.padId,
  );
  const session = await thoughtJudge(config, weights, batch.shape, { temperature: 1 }, undefined, { threads: 1 });
  const out = await session.run({ ...weightInputs(weights), ...batch.inputs });
  await session.release();
  const floats = (name: string) => Array.from(out[name]!.data as Float32Array);
  return { batch, baseNll: floats('baseNll'), talkNll: floats('talkNll'), logProbability: floats('logProbability') };
}

describe('parallel thoughts', () => {
  test('are those that are thought one at a time, and so are their logits', async () => {
    const together = sampler();
    const weights = weightInputs(model);
    const blocks = await together.write(weights, rows, GREEDY);
    expect(blocks.map((block) => block.length)).toEqual([12, 12, 12, 12, 12]);
    const alone = sampler();
    for (const [row, text] of texts.entries()) {
      for (const [a, anchor] of rows.anchors[row]!.entries()) {
        // The slow way: the plain causal text up to the anchor, with the thought behind it.
        const single: ThoughtRows = { texts: [text.slice(0, anchor + 1)], anchors: [[anchor]] };
        const thought = await alone.write(weights, single, GREEDY);
        expect(thought.map((block) => block[0])).toEqual(blocks.map((block) => block[row * 4 + a]));
        const slow = await alone.lastLogits(weights, single, thought);
        const fast = await together.lastLogits(weights, rows, blocks);
        const place = (row * 4 + a) * config.vocabSize;
        slow.forEach((logit, i) => expect(Math.abs(logit - fast[place + i]!)).toBeLessThan(1e-5));
      }
    }
    await together.release();
    await alone.release();
  });

  test('see nothing behind their place: other tokens there leave them and what they say as they are, to the last bit', async () => {
    const weights = weightInputs(model);
    const thinker = sampler();
    const blocks = await thinker.write(weights, rows, GREEDY);
    const logits = await thinker.lastLogits(weights, rows, blocks);
    const changed: ThoughtRows = {
      ...rows,
      texts: texts.map((text) => text.map((id, i) => (i > 4 ? 1 + (id % 30) : id))),
    };
    expect(changed.texts).not.toEqual(texts);
    const after = await thinker.write(weights, changed, GREEDY);
    const logitsAfter = await thinker.lastLogits(weights, changed, after);
    let before = 0;
    for (const [row, anchors] of rows.anchors.entries()) {
      for (const [a, anchor] of anchors.entries()) {
        const [thought, size] = [row * 4 + a, config.vocabSize];
        if (anchor > 4) continue;
        before += 1;
        expect(after.map((block) => block[thought])).toEqual(blocks.map((block) => block[thought]));
        expect(logitsAfter.subarray(thought * size, (thought + 1) * size)).toEqual(
          logits.subarray(thought * size, (thought + 1) * size),
        );
      }
    }
    expect(before).toBe(7);
    expect(logitsAfter).not.toEqual(logits);
    await thinker.release();
  });

  test('are drawn by their own seeds: the share of each token is that of the softmax', async () => {
    const thinker = new ThoughtSampler(config, shapes, { ...form, tokens: 1, alphabet: [1, 2, 3, 4] }, { threads: 1 });
    const single: ThoughtRows = {
      texts: Array.from({ length: 64 }, () => [5, 6]),
      anchors: Array.from({ length: 64 }, () => [1]),
    };
    const weights = weightInputs(model);
    const logits = await thinker.lastLogits(weights, single, [new Int32Array(64).fill(form.startId)]);
    const exps = [1, 2, 3, 4].map((id) => Math.exp(logits[id]!));
    const expected = exps.map((e) => e / exps.reduce((a, b) => a + b));
    const counts = [0, 0, 0, 0];
    const rounds = 40;
    for (let seed = 0; seed < rounds; seed++)
      for (const id of (await thinker.write(weights, single, { temperature: 1, seed }))[1]!) counts[id - 1]! += 1;
    const n = 64 * rounds;
    counts.forEach((count, i) => {
      const p = expected[i]!;
      expect(Math.abs(count / n - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n));
    });
    await thinker.release();
  });
});

describe('the mixing head', () => {
  test('of a new model changes nothing: losses with thoughts equal those without, to the last bit', async () => {
    const blocks = await sampler().write(weightInputs(model), rows, GREEDY);
    const { baseNll, talkNll, batch } = await judge(new Map([...model, ...head]), rows, blocks);
    expect(batch.counts.reduce((a, b) => a + b)).toBeGreaterThan(15);
    expect(talkNll).toEqual(baseNll);
  });

  test('at share 1 lets only the thought speak', async () => {
    const blocks = await sampler().write(weightInputs(model), rows, GREEDY);
    const bias = { shape: [1], data: Float32Array.of(1) };
    const { talkNll, batch } = await judge(new Map([...model, ...head, ['mixing_head.2.bias', bias]]), rows, blocks, 1);
    const thinker = sampler();
    const logits = await thinker.lastLogits(weightInputs(model), rows, blocks);
    const targets = batch.inputs['targets']!.data as Int32Array;
    talkNll.forEach((nll, i) => {
      const own = logits.subarray(i * config.vocabSize, (i + 1) * config.vocabSize);
      const most = Math.max(...own);
      const total = own.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
      expect(nll).toBeCloseTo(Math.log(total) + most - own[targets[i]!]!, 4);
    });
    await thinker.release();
  });

  test('is given the true tokens behind the thought, and their own targets', async () => {
    const blocks = await sampler().write(weightInputs(model), rows, GREEDY);
    const { batch } = await judge(new Map([...model, ...head]), rows, blocks, 3);
    const targets = batch.inputs['targets']!.data as Int32Array;
    // Thought 0 stands behind token 0 of the first text: it helps with tokens 1, 2 and 3.
    expect(Array.from(targets.subarray(0, 3))).toEqual(texts[0]!.slice(1, 4));
    // The last anchor of the third text has one token left of it; what is behind the text does not count.
    expect(Array.from(batch.counts.subarray(-3))).toEqual([1, 0, 0]);
  });
});
