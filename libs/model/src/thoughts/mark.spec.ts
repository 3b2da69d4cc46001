import { expect, test } from '@jest/globals';
import { configToJson, parseConfig } from '../config.js';
import { tinyConfig } from '../training/testing.js';
import { type ThoughtMark, thoughtMark, withThoughtMark } from './mark.js';

const mark: ThoughtMark = { families: ['parity', 'parity@end'], form: 'derivation', tokens: 8 };

test('a mark goes through config.json, beside settings of others, and comes off again', () => {
  const config = { ...tinyConfig(), extra: { attention_dropout: 0.1 } };
  const marked = withThoughtMark(config, mark);
  const again = parseConfig(JSON.parse(JSON.stringify(configToJson(marked, 'F32'))));
  expect(thoughtMark(again)).toEqual(mark);
  expect(again.extra).toMatchObject({ attention_dropout: 0.1 });
  expect(withThoughtMark(marked, undefined)).toEqual(config);
  expect(withThoughtMark(withThoughtMark(tinyConfig(), mark), undefined)).toEqual(tinyConfig());
});

test('a model without a mark, or with one that is not ours, answers at once', () => {
  expect(thoughtMark(tinyConfig())).toBeUndefined();
  expect(thoughtMark({ extra: { thought_families: 'x', thought_form: 'other', thought_tokens: 2 } })).toBeUndefined();
});
