import { describe, expect, test } from '@jest/globals';
import { ForgeError, Rng } from '@agent-forge/contracts';
import { createFamily } from '../families/registry.js';
import { messagesOf } from '../items.js';
import { parseRecord } from './record.js';

const parse = (record: unknown): unknown => parseRecord(JSON.stringify(record), 'd.jsonl:7');
const turn = (role: string, content: unknown): object => ({ role, content });

describe('records', () => {
  test('text', () => {
    expect(parse({ text: 'hello', id: 5 })).toEqual({ text: 'hello' });
  });

  test('prompt and completion, with or without a system prompt', () => {
    const example = { family: 'file', key: 'why?', prompt: 'Why?', answer: 'So.', difficulty: 7 };
    expect(parse({ prompt: 'Why?', completion: 'So.' })).toEqual({ example });
    expect(parse({ prompt: 'Why?', completion: 'So.', system: 'Be.' })).toEqual({
      example: { ...example, system: 'Be.' },
    });
  });

  test('one question as messages is the same as prompt and completion', () => {
    const messages = [turn('system', 'Be.'), turn('user', 'Why?'), turn('assistant', 'So.')];
    const record = parse({ messages }) as { example: never };
    expect(record).toEqual(parse({ prompt: 'Why?', completion: 'So.', system: 'Be.' }));
    expect(messagesOf(record.example)).toEqual(messages);
  });

  test('a longer dialogue keeps its turns, under the key of its first question', () => {
    const messages = ['user', 'assistant', 'user', 'assistant'].map((role, i) => turn(role, `T ${i}`));
    expect(parse({ messages })).toEqual({ example: { key: 't 0', messages } });
  });

  test('a question that a family knows has the key of the family', () => {
    const key = createFamily('add').recognize('25+17=')!.key;
    expect(parse({ prompt: ' What is 17 + 25?', completion: '42' })).toMatchObject({ example: { key } });
  });
});

describe('bad records are refused with file, line and reason', () => {
  test.each<[unknown, string]>([
    [{}, 'none of them'],
    [{ completion: 'x' }, 'none of them'],
    [{ text: 'a', prompt: 'b', completion: 'c' }, 'text and prompt'],
    [{ text: '' }, '"text" must be text that is not empty'],
    [{ text: 5 }, '"text" must be text'],
    [{ text: '\ud800' }, 'half of a surrogate pair'],
    [{ prompt: 'a' }, '"completion" must be text'],
    [{ prompt: 'a', completion: 'b', system: null }, '"system" must be text'],
    [{ messages: 'x' }, 'must be a list'],
    [{ messages: Array.from({ length: 1001 }, () => turn('user', 'x')) }, 'at most 1000'],
    [{ messages: [] }, 'turns must be'],
    [{ messages: [null] }, 'messages[0]: a turn is an object'],
    [{ messages: [turn('user', 'x')] }, 'turns must be'],
    [{ messages: [turn('assistant', 'x'), turn('user', 'y')] }, 'turns must be'],
    [{ messages: [turn('user', 'x'), turn('system', 'y')] }, 'turns must be'],
    [{ messages: [turn('user', 'x'), turn('tool', 'y')] }, 'messages[1]: "role" must be one of system, user'],
    [{ messages: [turn('user', 'x'), turn('assistant', '')] }, 'messages[1]: "content" must be text'],
    [{ messages: [turn('system', 'x')] }, 'turns must be'],
    [[], 'not a JSON object'],
    [null, 'not a JSON object'],
    [42, 'not a JSON object'],
  ])('%j', (record, reason) => {
    expect(() => parse(record)).toThrow(ForgeError);
    expect(() => parse(record)).toThrow(reason);
    expect(() => parse(record)).toThrow(/^d\.jsonl:7: /);
  });

  test.each([
    ['{"text": "a"', 'not valid JSON'],
    ["{'text': 'a'}", 'not valid JSON'],
    [`${'['.repeat(100_000)}`, 'nested deeper than 16'],
    [`{"text":"a","x":${'{"x":'.repeat(20)}1${'}'.repeat(21)}`, 'nested deeper than 16'],
    ['{"__proto__":{"text":"a"}}', 'none of them'],
  ])('%.40s', (line, reason) => {
    expect(() => parseRecord(line, 'f:1')).toThrow(`f:1: `);
    expect(() => parseRecord(line, 'f:1')).toThrow(reason);
  });

  test('brackets inside strings are not nesting', () => {
    const text = `${'['.repeat(50)}"\\`;
    expect(parse({ text })).toEqual({ text });
  });

  test('10,000 seeded mutations give a record or a ForgeError of one line, nothing else', () => {
    const rng = Rng.derive(1, 'record.spec');
    const seeds = [
      { text: 'Some "text" with ü and \\ and [brackets]' },
      { prompt: 'what is 1+2?', completion: '3', system: 's' },
      { messages: [turn('system', 'a'), turn('user', 'b'), turn('assistant', 'c')] },
    ].map((record) => JSON.stringify(record));
    let refused = 0;
    for (let round = 0; round < 10_000; round += 1) {
      const line = mutate(rng.pick(seeds), rng);
      try {
        parseRecord(line, 'f:1');
      } catch (error) {
        refused += 1;
        if (!(error instanceof ForgeError) || error.code !== 'DATA_INVALID' || /\n/.test(error.message)) throw error;
      }
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(10_000);
  });
});

function mutate(line: string, rng: Rng): string {
  let mutated = line;
  for (let edits = 1 + rng.int(3); edits > 0; edits -= 1) {
    const at = rng.int(mutated.length + 1);
    const removed = rng.int(4);
    const added = rng.pick([
      '',
      '"',
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '\\',
      '\\ud800',
      'null',
      '\u0000',
      'é',
      '1e999',
      '""',
    ]);
    mutated = mutated.slice(0, at) + added + mutated.slice(at + removed);
  }
  return mutated;
}
