import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { fullLogits } from '../testing/full-logits.js';
import { HF_FIXTURES, readHfFixture } from '../testing/hf-fixtures.js';
import { initWeights } from '../training/init.js';
import { tinyConfig } from '../training/testing.js';
import type { Model } from '../weights.js';
import { Decoder } from './decoder.js';
import { KvCache } from './kv-cache.js';

const config = tinyConfig();
const model: Model = { config, weights: initWeights({ ...config, initializerRange: 0.2 }, 3), tokenizer: null };

function randomIds(length: number, seed: number, vocabSize = config.vocabSize): number[] {
  const rng = Rng.derive(seed, 'ids');
  return Array.from({ length }, () => rng.int(vocabSize));
}

/** Largest difference, relative to the largest value where that is above 1. */
function worst(a: Float32Array, b: Float32Array): number {
  const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  return a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0) / scale;
}

describe.each(HF_FIXTURES)('%s', (name) => {
  test('the plain and the cached pass give the logits of transformers', async () => {
    const { model, inputIds, logits } = await readHfFixture(name);
    const { vocabSize } = model.config;
    const decoder = await Decoder.create(model, { threads: 1 });
    for (const [row, ids] of inputIds.entries()) {
      const full = await fullLogits(model, ids);
      const cache = new KvCache(model.config, [0]);
      for (const [i, id] of ids.entries()) {
        const at = (row * ids.length + i) * vocabSize;
        const expected = logits.subarray(at, at + vocabSize);
        expect(worst(full[i]!, expected)).toBeLessThan(1e-4);
        const [cached] = await decoder.forward(cache, Int32Array.of(id));
        expect(worst(cached!, full[i]!)).toBeLessThan(1e-5);
      }
    }
    await decoder.release();
  });
});

describe('cached decoding equals the full forward', () => {
  test.each([[[20]], [[1, 19]], [[7, 1, 1, 8, 3]], [Array.from({ length: 20 }, () => 1)]])(
    'in steps of %j',
    async (cuts) => {
      const ids = randomIds(20, 1);
      const full = await fullLogits(model, ids);
      const decoder = await Decoder.create(model, { threads: 1 });
      const cache = new KvCache(config, [0]);
      for (const steps of cuts) {
        const [logits] = await decoder.forward(cache, Int32Array.from(ids.slice(cache.length, cache.length + steps)));
        expect(worst(logits!, full[cache.length - 1]!)).toBeLessThan(1e-5);
      }
      expect(cache.length).toBe(20);
      await decoder.release();
    },
  );

  test('in a batch whose shorter rows are padded in front', async () => {
    const rows = [randomIds(9, 2), randomIds(4, 3), randomIds(1, 4)];
    const decoder = await Decoder.create(model, { threads: 1 });
    const cache = new KvCache(
      config,
      rows.map((r) => 9 - r.length),
    );
    const padded = rows.flatMap((r) => [...Array.from({ length: 9 - r.length }, () => 0), ...r]);
    let logits = await decoder.forward(cache, Int32Array.from(padded));
    for (let step = 0; step < 3; step++) {
      const next = rows.map((row, i) => (row.length * 7 + i) % config.vocabSize);
      for (const [i, row] of rows.entries()) {
        const full = await fullLogits(model, row);
        expect(worst(logits[i]!, full.at(-1)!)).toBeLessThan(1e-5);
        row.push(next[i]!);
      }
      logits = await decoder.forward(cache, Int32Array.from(next));
    }
    await decoder.release();
  });
});

test('causality: a changed token leaves all earlier logits the same, to the last bit', async () => {
  const ids = randomIds(16, 5);
  const before = await fullLogits(model, ids);
  for (const t of [1, 8, 15]) {
    const after = await fullLogits(
      model,
      ids.map((id, i) => (i === t ? (id + 1) % config.vocabSize : id)),
    );
    for (let i = 0; i < t; i++) expect(after[i]).toEqual(before[i]);
    expect(after[t]).not.toEqual(before[t]);
  }
});

test('rotary embedding: shifting all positions changes nothing, since only their differences count', async () => {
  const ids = randomIds(12, 6);
  const here = await fullLogits(model, ids);
  for (const shift of [1, 17, 40]) {
    const there = await fullLogits(model, ids, shift);
    there.forEach((logits, i) => expect(worst(logits, here[i]!)).toBeLessThan(1e-4));
  }
});
