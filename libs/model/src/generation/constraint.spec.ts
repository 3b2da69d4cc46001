import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { byteTokenizer } from '../tokenizer/byte-tokenizer.js';
import { greedyToken } from './sampling.js';
import { ByteAutomaton, type FormPart } from './byte-automaton.js';
import { TokenConstraint } from './constraint.js';

const FORMS: FormPart[][] = [
  [
    { text: '{"name":"add","arguments":{"a":' },
    { value: 'integer', digits: 3 },
    { text: ',"b":' },
    { value: 'integer', digits: 3 },
    { text: '}}' },
  ],
  [{ text: '{"name":"ask","arguments":{"q":' }, { value: 'string' }, { text: '}}' }],
];
const automaton = new ByteAutomaton(FORMS);
const accepts = (text: string): boolean => {
  const end = automaton.advance(automaton.start, new TextEncoder().encode(text));
  return end !== undefined && automaton.isFinal(end);
};

describe('the automaton of two forms', () => {
  test.each([
    '{"name":"add","arguments":{"a":0,"b":-12}}',
    '{"name":"add","arguments":{"a":907,"b":1}}',
    '{"name":"ask","arguments":{"q":""}}',
    '{"name":"ask","arguments":{"q":"wie heißt du?"}}',
  ])('takes %s', (text) => {
    expect(accepts(text)).toBe(true);
    expect(JSON.parse(text)).toHaveProperty('arguments');
  });

  test.each([
    '',
    '{"name":"add","arguments":{"a":0,"b":}}',
    '{"name":"add","arguments":{"a":01,"b":1}}',
    '{"name":"add","arguments":{"a":1234,"b":1}}',
    '{"name":"add","arguments":{"a":-,"b":1}}',
    '{"name":"add","arguments":{"a":1,"b":1}} ',
    '{"name":"sub","arguments":{"a":1,"b":1}}',
    '{"name":"ask","arguments":{"q":"a"b"}}',
    '{"name":"ask","arguments":{"q":"a',
  ])('refuses %s', (text) => {
    expect(accepts(text)).toBe(false);
  });
});

test('whatever the logits are, what is written under the constraint is a call, and parses', () => {
  const tokenizer = byteTokenizer();
  const constraint = new TokenConstraint(automaton, tokenizer, [tokenizer.eosId!]);
  for (let seed = 0; seed < 50; seed++) {
    const rng = Rng.derive(seed);
    const written: number[] = [];
    let state = constraint.start;
    for (let i = 0; i < 400; i++) {
      // Digits and letters could go on for ever; what ends a value becomes likelier.
      const logits = Float32Array.from(
        { length: tokenizer.vocabSize },
        (_, id) => rng.normal() + (id < 48 ? i / 20 : 0),
      );
      const id = greedyToken(constraint.mask(state, logits));
      if (id === tokenizer.eosId) break;
      written.push(id);
      state = constraint.advance(state, id);
    }
    const text = tokenizer.decode(written);
    expect(accepts(text)).toBe(true);
    expect(['add', 'ask']).toContain((JSON.parse(text) as { name: string }).name);
  }
});
