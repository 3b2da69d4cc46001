import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseStrictJson, type StrictJson } from './strict-json.js';

const fail = (problem: string): never => {
  throw new Error(problem);
};
const parse = (text: string, numbers?: 'any'): StrictJson =>
  parseStrictJson(text, { maxDepth: 8, maxEntries: 5, maxContainers: 1_000, fail, ...(numbers && { numbers }) });

/** The value that JSON.parse gives, for comparison. */
function plain(value: StrictJson): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [key, plain(item)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

const text = fc.string({ unit: 'binary', maxLength: 8 }).map((s) => s.toWellFormed());
const { value: anyJson } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5 }, fc.maxSafeNat(), text, fc.boolean(), fc.constant(null), tie('list'), tie('object')),
  list: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    tie('value'),
    { maxKeys: 4, noNullPrototype: true },
  ),
}));

describe('parseStrictJson', () => {
  test('reads every JSON of whole numbers as JSON.parse does, however it is spaced', () => {
    fc.assert(
      fc.property(anyJson, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const json = JSON.stringify(value, null, space);
        expect(plain(parse(json))).toEqual(JSON.parse(json));
      }),
      { seed: 6, numRuns: 1000 },
    );
  });

  test('reads nothing that JSON.parse refuses', () => {
    const pieces = [
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '"a"',
      '\\',
      '\\u12',
      '0',
      '1',
      '-',
      '.',
      'e',
      '01',
      'true',
      'nul',
      ' ',
      '\n',
      '\u00a0',
      '\ufeff',
      '\v',
    ];
    let read = 0;
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 7 }), (parts) => {
        const json = parts.join('');
        let value: StrictJson;
        try {
          value = parse(json, 'any');
        } catch {
          return;
        }
        read++;
        expect(plain(value)).toEqual(JSON.parse(json));
      }),
      { seed: 7, numRuns: 20_000 },
    );
    expect(read).toBeGreaterThan(500);
  });

  test('keeps keys that mean something to JavaScript as plain keys', () => {
    const value = parse('{"__proto__":{"polluted":1},"constructor":2}') as Map<string, StrictJson>;
    expect([...value.keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('stops at the number of entries it was given', () => {
    expect(parse('[1,2,3,4,5]')).toHaveLength(5);
    expect(parse('{"a":0,"b":0,"c":0,"d":0,"e":0}')).toHaveProperty('size', 5);
    expect(() => parse('[1,2,3,4,5,6]')).toThrow('more than 5 entries');
    expect(() => parse('{"a":0,"b":0,"c":0,"d":0,"e":0,"f":0}')).toThrow('more than 5 entries');
  });

  test('stops at the number of objects and lists it was given', () => {
    const rules = { maxDepth: 3, maxEntries: 9, maxContainers: 4, fail };
    expect(parseStrictJson('[{},[],{}]', rules)).toHaveLength(3);
    expect(() => parseStrictJson('[{},[],{},[]]', rules)).toThrow('more than 4 objects and lists');
  });

  test('stops at the depth it was given', () => {
    expect(() => parse('['.repeat(9) + ']'.repeat(9))).toThrow('8 deep');
    expect(parse('['.repeat(8) + ']'.repeat(8))).toHaveLength(1);
  });
});
