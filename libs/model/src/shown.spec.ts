import { expect, test } from '@jest/globals';
import { shown } from './shown.js';

test.each<[unknown, string]>([
  ['name', '"name"'],
  [7, '7'],
  [null, 'null'],
  [undefined, 'undefined'],
  [[1, 2], 'a list'],
  [{ a: 1 }, 'an object'],
  [new Map(), 'an object'],
  ['two\nlines\0', '"two\\nlines\\u0000"'],
  // The 8-bit form of ESC [, a mark that turns the direction of writing, a tag outside the basic plane.
  ['\u009b31m\u202e\u2028\ufeff', '"\\u009b31m\\u202e\\u2028\\ufeff"'],
  ['\u{e0041}', '"\\udb40\\udc41"'],
  ['grün 漢字 😀', '"grün 漢字 😀"'],
])('%j is shown as %s', (value, text) => {
  expect(shown(value)).toBe(text);
});

test('a long text is cut, a deep list is not walked', () => {
  expect(shown('x'.repeat(1e6))).toBe(`"${'x'.repeat(79)}…`);
  expect(shown('\u202e'.repeat(1e6))).toMatch(/^"(?:\\u202e){13}.…$/);
  expect(shown('😀'.repeat(1e6)).isWellFormed()).toBe(true);
  expect(shown(JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)))).toBe('a list');
});
