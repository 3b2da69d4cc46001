import { describe, expect, test } from '@jest/globals';
import { byteTokenizer, parameterCount, parseConfig } from '@agent-forge/model';
import { BYTE_VOCABULARY } from './shared/typical-shape.js';
import { parametersOf, trainingFlops, type Situation } from './estimate.js';
import { resolveParams } from './phase.js';
import { cognate, evomerge } from './registry.js';

const SITUATION: Situation = {
  trainFlopsPerSecond: 1e11,
  models: { count: 0, parameters: 0 },
  families: 12,
  dataBytes: 0,
};

const trained = (params: object, situation: Partial<Situation> = {}) =>
  cognate.estimate!(resolveParams(cognate, params), { ...SITUATION, ...situation });
const merged = (params: object, situation: Partial<Situation> = {}) =>
  evomerge.estimate!(resolveParams(evomerge, params), {
    ...SITUATION,
    models: { count: 5, parameters: 1.4e6 },
    ...situation,
  });

test('weights are counted as the model library counts them', () => {
  expect(BYTE_VOCABULARY).toBe(byteTokenizer().vocabSize);
  for (const [hiddenSize, intermediateSize, layers, heads, vocabSize] of [
    [256, 512, 2, 4, 272],
    [64, 96, 5, 2, 1000],
  ] as const) {
    const config = parseConfig({
      model_type: 'llama',
      vocab_size: vocabSize,
      hidden_size: hiddenSize,
      intermediate_size: intermediateSize,
      num_hidden_layers: layers,
      num_attention_heads: heads,
      tie_word_embeddings: true,
    });
    expect(parametersOf({ hiddenSize, intermediateSize, layers, heads, vocabSize })).toBe(parameterCount(config));
  }
});

test('a step of a large batch is six operations for each weight and token', () => {
  const shape = { hiddenSize: 256, intermediateSize: 512, layers: 2, heads: 4, vocabSize: 272 };
  const [one, two] = [1e5, 2e5].map((rows) => trainingFlops(shape, { rows, rowLength: 1, optimizer: 'adamw' }));
  expect((two! - one!) / 1e5 / parametersOf(shape)).toBeCloseTo(6, 1);
});

describe('cognate needs', () => {
  test('time in proportion to its steps, and the steps that it is told', () => {
    const [few, many] = [trained({ steps: 1000, itemsPerFamily: 10 }), trained({ steps: 10_000, itemsPerFamily: 10 })];
    // The generalist has the steps of one of three seeds more.
    expect(many.steps).toBeCloseTo(10_000 * (0.5 + (4 * 0.5) / 3), -1);
    expect(many.seconds / few.seconds).toBeGreaterThan(8);
  });

  test('about the time that it is given, and fewer steps on a slower machine', () => {
    const [fast, slow] = [1e11, 2e10].map((trainFlopsPerSecond) =>
      trained({ maxSeconds: 600 }, { trainFlopsPerSecond }),
    );
    expect(fast!.seconds).toBeGreaterThan(540);
    expect(fast!.seconds).toBeLessThan(660);
    expect(slow!.steps! / fast!.steps!).toBeCloseTo(0.2, 2);
  });

  test('more of everything for more and larger models', () => {
    const small = trained({ steps: 100 });
    const large = trained({ steps: 100, hiddenSize: 512, layers: 4 });
    const many = trained({ steps: 100, seeds: { a: [], b: [], c: [], d: [], e: [] } });
    for (const key of ['seconds', 'memoryMiB', 'diskMiB'] as const) expect(large[key]).toBeGreaterThan(small[key]);
    expect(many.diskMiB).toBeGreaterThan(small.diskMiB);
    expect(many.makes).toEqual({ count: 7, parameters: 1_381_632 });
  });

  test('no training for imported models', () => {
    const imported = trained({}, { models: { count: 3, parameters: 1e6 } });
    expect(imported).toMatchObject({ makes: { count: 3, parameters: 1e6 } });
    expect(imported.steps).toBeUndefined();
  });
});

describe('evomerge needs', () => {
  test('time in proportion to its candidates, or the time that it is given', () => {
    const [few, many] = [merged({ evaluations: 100 }), merged({ evaluations: 10_000 })];
    expect(many.steps).toBe(10_000);
    expect(many.seconds / few.seconds).toBeGreaterThan(20);
    expect(merged({ maxSeconds: 1000 }).seconds - merged({ maxSeconds: 500 }).seconds).toBeCloseTo(500, 6);
  });

  test('hardly anything for a recipe of its own', () => {
    const plain = merged({ recipe: { merge_method: 'linear' } }, { families: 0 });
    expect(plain.seconds).toBeLessThan(1);
    expect(plain.makes).toEqual({ count: 1, parameters: 1.4e6 });
  });
});
