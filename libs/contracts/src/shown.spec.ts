import { expect, test } from '@jest/globals';
import { shownValue } from './shown.js';

test.each<[unknown, string]>([
  [1.5, '1.5'],
  [Infinity, 'Infinity'],
  [NaN, 'NaN'],
  ['a "word"', '"a \\"word\\""'],
  [null, 'null'],
  [undefined, 'undefined'],
  [[1, 2], '[1,2]'],
  ['x'.repeat(1000), `"${'x'.repeat(79)}`],
])('%p is shown as %s', (value, text) => {
  expect(shownValue(value)).toBe(text);
});
