import { describe, expect, test } from '@jest/globals';
import { initWeights, parseConfig, type Model } from '@agent-forge/model';
import { mergeRecipeOf } from '../recipe/read-recipe.js';
import { planMerge } from './plan-merge.js';
import type { PlannedTensor } from './plan.js';
import { memorySource } from './source.js';

const BASICS = { model_type: 'llama', vocab_size: 8, hidden_size: 4, intermediate_size: 6, num_attention_heads: 2 };

function model(overrides: Record<string, unknown> = {}): Model {
  const config = parseConfig({ ...BASICS, num_hidden_layers: 5, tie_word_embeddings: false, ...overrides });
  return { config, weights: initWeights(config, 1), tokenizer: null };
}

const MODELS: Record<string, Model> = {
  a: model(),
  b: model(),
  base: model(),
  wide: model({ hidden_size: 8, num_key_value_heads: 1 }),
  large: model({ vocab_size: 12 }),
  deep: model({ num_hidden_layers: 7 }),
  tied: model({ tie_word_embeddings: true }),
};

/** The plan of a recipe over the models above. */
const planOf = (recipe: object) =>
  planMerge(mergeRecipeOf(recipe, 'r.yaml'), async ({ text }) => memorySource(text, MODELS[text]!));

const layer = (i: number, part = 'mlp.up_proj.weight') => `model.layers.${i}.${part}`;

/** Parameters of the first input for each tensor of the result. */
async function weightsOf(recipe: object, parameter = 'weight'): Promise<(tensor: string) => unknown> {
  const { work } = await planOf(recipe);
  const byName = new Map<string, PlannedTensor>(work.tensors.map((tensor) => [tensor.name, tensor]));
  return (name) => byName.get(name)!.inputs[0]!.parameters[parameter];
}

const linear = (weight: unknown) => ({
  merge_method: 'linear',
  models: [
    { model: 'a', parameters: { weight } },
    { model: 'b', parameters: { weight: 1 } },
  ],
});

describe('a gradient', () => {
  test('is spread over the layers; embedding, final norm and head have its first value', async () => {
    const at = await weightsOf(linear([0.5, 1, 0]));
    expect([0, 1, 2, 3, 4].map((i) => at(layer(i)))).toEqual([0.5, 0.75, 1, 0.5, 0]);
    expect(['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'].map(at)).toEqual([0.5, 0.5, 0.5]);
  });

  test('starts anew in every slice; a slice of one layer has the last value', async () => {
    const source = (name: string, from: number, to: number) => ({ model: name, layer_range: [from, to] });
    const slice = (from: number, to: number) => ({ sources: [source('a', from, to), source('b', from, to)] });
    const recipe = {
      merge_method: 'linear',
      slices: [slice(0, 3), slice(4, 5)],
      parameters: { weight: [1, 3] },
    };
    const at = await weightsOf(recipe);
    expect([0, 1, 2, 3].map((i) => at(layer(i)))).toEqual([1, 2, 3, 3]);
    expect((await planOf(recipe)).work.tensors.find(({ name }) => name === layer(3))!.inputs[0]!.tensor).toBe(layer(4));
  });
});

describe('a filter', () => {
  test('is a part of the name; the first that fits counts, and * fits all', async () => {
    const value = [
      { filter: 'mlp', value: 2 },
      { filter: 'up_proj', value: 3 },
      { filter: '*', value: 4 },
    ];
    const at = await weightsOf(linear(value));
    expect([at(layer(0)), at(layer(0, 'self_attn.q_proj.weight')), at('model.norm.weight')]).toEqual([2, 4, 4]);
  });

  test('that fits nothing leaves the parameter to the next place, and is noted', async () => {
    const recipe = { ...linear([{ filter: 'nothing', value: 2 }]), parameters: { weight: 9 } };
    expect((await weightsOf(recipe))(layer(0))).toBe(9);
    expect((await planOf(recipe)).notes).toContain('the filter "nothing" fits no tensor');
  });

  test('may stand alone, without a list', async () => {
    const recipe = { ...linear({ filter: 'mlp', value: 2 }), parameters: { weight: 9 } };
    const at = await weightsOf(recipe);
    expect([at(layer(0)), at('model.norm.weight')]).toEqual([2, 9]);
  });
});

test('precedence: a source of a slice, the slice, the module, all', async () => {
  const source = (model: string, parameters?: object) => ({
    model,
    layer_range: [0, 5],
    ...(parameters && { parameters }),
  });
  const at = async (own?: object, slice?: object, module?: object, all?: object) => {
    const slices = [{ sources: [source('a', own), source('b', { weight: 1 })], ...(slice && { parameters: slice }) }];
    const recipe = {
      merge_method: 'linear',
      modules: { default: { slices, ...(module && { parameters: module }) } },
      ...(all && { parameters: all }),
    };
    return (await weightsOf(recipe))(layer(2));
  };
  const [own, slice, module, all] = [{ weight: 1 }, { weight: 2 }, { weight: 3 }, { weight: 4 }];
  expect(await at(own, slice, module, all)).toBe(1);
  expect(await at(undefined, slice, module, all)).toBe(2);
  expect(await at(undefined, undefined, module, all)).toBe(3);
  expect(await at(undefined, undefined, undefined, all)).toBe(4);
  await expect(at()).rejects.toThrow(/r\.yaml:\d+:\d+: weight is missing for a \(model\.embed_tokens\.weight\)/);
});

describe('before any work is refused', () => {
  const models = (...names: string[]) => names.map((name) => ({ model: name, parameters: { weight: 1 } }));
  test.each([
    [
      'shapes that differ, all of them',
      { merge_method: 'linear', models: models('a', 'wide') },
      /do not fit together: hidden_size is 4 in a, 8 in wide \(all tensors\); num_key_value_heads is 2 in a, 1 in wide .*; head_dim is 2 in a, 4 in wide/,
    ],
    [
      'layers that differ',
      { merge_method: 'linear', models: models('a', 'deep') },
      /num_hidden_layers is 5 in a, 7 in deep/,
    ],
    [
      'vocabularies that differ',
      { merge_method: 'linear', models: models('a', 'large') },
      /vocab_size is 8 in a, 12 in large .*tokenizer: \{ source: union \}/,
    ],
    [
      'a base that is missing',
      { merge_method: 'ties', models: models('a', 'b') },
      /r\.yaml:1:15: ties needs a base_model/,
    ],
    [
      'too many models',
      { merge_method: 'slerp', base_model: 'base', models: models('a', 'b'), parameters: { t: 0.5 } },
      /slerp merges exactly 1 model/,
    ],
    ['a model twice', { merge_method: 'linear', models: models('a', 'a') }, /the model a takes part twice/],
    [
      'layers that do not exist',
      { merge_method: 'passthrough', slices: [{ sources: [{ model: 'a', layer_range: [3, 6] }] }] },
      /\[3, 6\] goes beyond the 5 layers of a/,
    ],
    [
      'probabilities out of range',
      {
        merge_method: 'della',
        base_model: 'base',
        models: [{ model: 'a', parameters: { weight: 1, density: 0.9, epsilon: 0.2 } }],
      },
      /density 0.9 with epsilon 0.2 leaves the range/,
    ],
    [
      'weights that cancel',
      {
        merge_method: 'linear',
        models: [
          { model: 'a', parameters: { weight: 1 } },
          { model: 'b', parameters: { weight: -1 } },
        ],
      },
      /add up to 0/,
    ],
  ])('%s', async (_, recipe, message) => {
    await expect(planOf(recipe)).rejects.toThrow(message);
  });
});

test('vocabularies are cut to the shortest only when the recipe says so, with a note', async () => {
  const { config, work, notes } = await planOf({
    ...linear(1),
    models: [
      { model: 'large', parameters: { weight: 1 } },
      { model: 'a', parameters: { weight: 1 } },
    ],
    forge: { on_mismatch: 'truncate' },
  });
  expect(config.vocabSize).toBe(8);
  expect(work.tensors.find(({ name }) => name === 'lm_head.weight')!.shape).toEqual([8, 4]);
  expect(notes.join()).toContain('cut to the first 8 rows');
});

test('a tied model gives its embedding for the head of one that is not', async () => {
  const { config, work } = await planOf({
    ...linear(1),
    models: [
      { model: 'a', parameters: { weight: 1 } },
      { model: 'tied', parameters: { weight: 1 } },
    ],
  });
  expect(config.tieWordEmbeddings).toBe(false);
  const head = work.tensors.find(({ name }) => name === 'lm_head.weight')!;
  expect(head.inputs.map(({ tensor }) => tensor)).toEqual(['lm_head.weight', 'model.embed_tokens.weight']);
});

test('the result has the type that the recipe says, or that of the inputs', async () => {
  const typeOf = async (types: object) => (await planOf({ ...linear(1), ...types })).work.tensors[0]!.dtype;
  expect(await typeOf({})).toBe('F32');
  expect(await typeOf({ dtype: 'bfloat16' })).toBe('BF16');
  expect(await typeOf({ dtype: 'float32', out_dtype: 'float16' })).toBe('F16');
});
