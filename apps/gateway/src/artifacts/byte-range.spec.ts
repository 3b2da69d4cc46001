import { describe, expect, test } from '@jest/globals';
import { parseRange } from './byte-range.js';

describe('a Range header for 10 bytes', () => {
  test.each<[string | undefined, [number, number] | undefined]>([
    ['bytes=0-0', [0, 1]],
    ['bytes=0-9', [0, 10]],
    ['bytes=2-5', [2, 6]],
    ['bytes=2-', [2, 10]],
    ['bytes=9-', [9, 10]],
    ['bytes=5-1000', [5, 10]],
    ['bytes=-3', [7, 10]],
    ['bytes=-1000', [0, 10]],
    ['Bytes= 1-2 ', [1, 3]],
    [undefined, undefined],
    ['', undefined],
    ['bytes=-', undefined],
    ['bytes=5-2', undefined],
    ['bytes=0-1,3-4', undefined],
    ['bytes=a-b', undefined],
    ['bytes=--1', undefined],
    ['bytes=1.5-2', undefined],
    ['items=0-1', undefined],
    ['bytes=99999999999999999999-', undefined],
  ])('%j means %j', (header, expected) => {
    expect(parseRange(header, 10)).toEqual(expected && { start: expected[0], end: expected[1] });
  });

  test.each(['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=999999999999999-'])(
    '%s asks for none of them',
    (header) => {
      expect(() => parseRange(header, 10)).toThrow(expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE' }));
    },
  );

  test.each(['bytes=0-', 'bytes=-1', 'bytes=0-0'])('%s asks for none of an empty file', (header) => {
    expect(() => parseRange(header, 0)).toThrow(expect.objectContaining({ code: 'RANGE_NOT_SATISFIABLE' }));
  });
});
