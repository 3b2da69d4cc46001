import { describe, expect, test } from '@jest/globals';
import { type Mistake, parseLocatedYaml } from './located-yaml.js';

const parse = (text: string) => parseLocatedYaml(text, 'r.yaml');
const many = (text: string, bytes: number) => text.repeat(Math.floor(bytes / text.length));
const nines = (name: string) => `[${Array(9).fill(`*${name}`).join(',')}]`;

describe('hostile YAML is refused with one line and a place', () => {
  // Each of these once ended the process, or took minutes.
  test.each<[string, string, RegExp]>([
    ['open brackets', many('[', 1e6), /nested more than 40 deep/],
    ['closed brackets', many('[', 5e5) + many(']', 5e5), /nested more than 40 deep/],
    ['lists in one line', many('- ', 1e6), /nested more than 40 deep/],
    [
      'deep indentation',
      Array.from({ length: 1000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /nested more than 40/,
    ],
    ['more words than a recipe has', many('a: 1\n', 1e6), /more than 500000 words/],
    ['a hundred thousand aliases', `a: &a 1\nb: [${many('*a,', 4e5)}]`, /more than 100000 values/],
    [
      'aliases of aliases',
      ['a: &a [x]', ...[...'bcdefghi'].map((c, i) => `${c}: &${c} ${nines('abcdefgh'[i]!)}`)].join('\n'),
      /more than 100000 values/,
    ],
    ['an anchor that contains itself', 'a: &a [*a]', /nested more than 40 deep/],
    ['a merge key that contains itself', 'a: &a {<<: *a}', /nested more than 40 deep/],
    ['an alias of nothing', 'a: *b', /1:4: /],
    ['NUL', 'a: "x\0"', /1:6: the character U\+0000/],
    ['an escape', 'a: \u001b[31m', /U\+001b/],
    ['a tag', 'a: !!js/function x', /1:4: tags \(!\) are not used/],
    ['a million tags', many('a: !<', 1e6), /r\.yaml:1:/],
    ['tabs that indent', 'a:\n\tb: 1', /2:1: Tabs are not allowed/],
    ['two documents', 'a: 1\n---\nb: 2', /2:1: a second document begins here/],
    ['a key twice', 'a: 1\nb:\n  c: 1\n  c: 2', /4:3: c stands here twice \(before in line 3\)/],
    ['a list as a key', '? [a]\n: 1', /a key is a plain text/],
    ['nothing', '', /the file is empty/],
  ])('%s', (_, text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(new RegExp(`^(?!.*\\n).*${message.source}`)),
      }),
    );
  });
});

test('no key reaches a prototype', () => {
  const located = parse('__proto__: {polluted: 1}\nconstructor: 2');
  expect(located.kind === 'map' && [...located.entries.keys()]).toEqual(['__proto__', 'constructor']);
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('an alias stands for the last node before it that has its anchor', () => {
  const located = parse('a: &x {b: &y 1}\nc: &y 2\nd: *x\ne: *y');
  const value = located.kind === 'map' ? located.entries.get('e')!.value : located;
  expect(value).toMatchObject({ kind: 'scalar', value: 2 });
});

test('all complaints about the syntax can be had', () => {
  const mistakes: Mistake[] = [];
  expect(() => parseLocatedYaml('a: "x" y\nb: "x" y\n', 'r.yaml', mistakes)).toThrow(/r\.yaml:1:/);
  expect(mistakes.map(({ at }) => at.line)).toContain(2);
});
