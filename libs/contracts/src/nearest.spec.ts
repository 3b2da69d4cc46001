import { describe, expect, test } from '@jest/globals';
import { nearest } from './nearest.js';

describe('the nearest known name', () => {
  test.each([
    ['max_seconds', ['steps', 'maxSeconds', 'seeds'], 'maxSeconds'],
    ['step', ['seeds', 'steps'], 'steps'],
    ['familes', ['families', 'phases', 'data'], 'families'],
    ['cognat', ['cognate', 'evomerge'], 'cognate'],
    ['xyz', ['families', 'phases'], undefined],
    ['sede', ['name', 'seed'], 'seed'],
    ['nope', ['copy', 'add'], undefined],
    ['', ['a'], undefined],
    ['constructor', [], undefined],
  ])('of %s', (name, known, meant) => {
    expect(nearest(name, known)).toBe(meant);
  });

  test('of two that are as near is the first', () => {
    expect(nearest('sead', ['seed', 'send'])).toBe('seed');
  });

  test('of a text that is no name is none', () => {
    expect(nearest('a'.repeat(10_000_000), ['a'.repeat(65)])).toBeUndefined();
  });
});
