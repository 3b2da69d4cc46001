import { expect, test } from '@jest/globals';
import { parseConfig, configToJson } from '../config.js';
import { bakedMark, withBakedMark, withoutBakedMark } from './baked-mark.js';

const config = parseConfig({
  model_type: 'llama',
  vocab_size: 8,
  hidden_size: 8,
  intermediate_size: 8,
  num_hidden_layers: 1,
  num_attention_heads: 1,
  thought_families: 'parity',
});

test('a mark is in the config.json, beside others, and a second bake adds to it', () => {
  const once = withBakedMark(config, { copy: 'end !' });
  const twice = withBakedMark(once, { word: 'tool add(a,b)' });
  const read = parseConfig(configToJson(twice, 'F32'));
  expect(bakedMark(read)).toEqual({ copy: 'end !', word: 'tool add(a,b)' });
  expect(read.extra?.['thought_families']).toBe('parity');
  expect(bakedMark(config)).toBeUndefined();
  expect(withBakedMark(config, {})).toBe(config);
});

test('taking families out leaves the others, and the configuration as it was when none is left', () => {
  const both = withBakedMark(config, { copy: 'end !', word: 'tool add(a,b)' });
  expect(bakedMark(withoutBakedMark(both, ['word']))).toEqual({ copy: 'end !' });
  expect(withoutBakedMark(both, ['word', 'copy'])).toEqual(config);
});

test.each(['{', '[]', '{"a":1}', 'null'])('%s is no mark', (text) => {
  expect(bakedMark({ extra: { baked_prompts: text } })).toBeUndefined();
});
