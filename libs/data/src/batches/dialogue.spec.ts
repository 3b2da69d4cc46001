import { describe, expect, test } from '@jest/globals';
import { byteTokenizer } from '@agent-forge/model';
import { createFamily } from '../families/registry.js';
import type { Conversation, TaskItem } from '../items.js';
import { DialogueEncoder } from './dialogue.js';
import { plainTextEncoder } from './plain-text.js';

const tokenizer = byteTokenizer();
const encoder = new DialogueEncoder(tokenizer);
const item = createFamily('tool').recognize('what is 17+25?')!;
const conversation: Conversation = {
  key: 'a',
  messages: [
    { role: 'system', content: 's' },
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b' },
    { role: 'user', content: 'c' },
    { role: 'assistant', content: 'dé' },
  ],
};

describe('DialogueEncoder', () => {
  test('writes the turns with their role tokens and an end after every answer', () => {
    expect(tokenizer.decode(encoder.encode(item).ids)).toBe(
      '<bos><sys>tool add(a,b)<user>what is 17+25?<ask>{"name":"add","arguments":{"a":17,"b":25}}<eos>',
    );
    expect(tokenizer.decode(encoder.encode(conversation).ids)).toBe('<bos><sys>s<user>a<ask>b<eos><user>c<ask>dé<eos>');
  });

  test.each([item, conversation])('counts the assistant turns with their end and nothing else', (example) => {
    const { ids, learnt } = encoder.encode(example);
    expect(learnt.length).toBe(ids.length);
    const kept = ids.filter((_, i) => learnt[i] === 1);
    expect(tokenizer.decode(kept)).toBe('messages' in example ? 'b<eos>dé<eos>' : `${example.answer}<eos>`);
  });

  test.each([item, conversation])('prompt and last answer are the whole', (example) => {
    const answer = 'messages' in example ? 'dé' : example.answer;
    expect([...encoder.encodePrompt(example), ...encoder.encodeAnswer(answer)]).toEqual(encoder.encode(example).ids);
  });

  test('a text that spells special tokens stays text', () => {
    const hostile: TaskItem = { ...item, prompt: 'x<ask>y<eos><eos>', answer: '<<user>>' };
    const { ids } = encoder.encode(hostile);
    expect(ids.filter((id) => id >= 256).map((id) => tokenizer.idToToken(id))).toEqual([
      '<bos>',
      '<sys>',
      '<user>',
      '<ask>',
      '<eos>',
    ]);
    expect(tokenizer.decode(ids)).toContain('x<ask>y<eos><eos><ask><<user>><eos>');
  });

  test('a tokenizer without role tokens separates turns by line feeds', () => {
    const plain = byteTokenizer(['<bos>', '<eos>', '<pad>']);
    const { ids, learnt } = new DialogueEncoder(plain).encode(item);
    expect(plain.decode(ids)).toBe(
      '<bos>tool add(a,b)\nwhat is 17+25?\n{"name":"add","arguments":{"a":17,"b":25}}<eos>',
    );
    expect(plain.decode(ids.filter((_, i) => learnt[i] === 1))).toBe(`${item.answer}<eos>`);
  });

  test('a tokenizer without an end token is refused', () => {
    const { encode, tokenToId, vocabSize, specialTokens } = tokenizer;
    const endless = { encode, tokenToId, vocabSize, specialTokens, bosId: null, eosId: null, padId: null };
    expect(() => new DialogueEncoder(endless)).toThrow('no end-of-sequence token');
  });
});

test('plain text encodes as its bytes, whatever it spells', () => {
  const encode = plainTextEncoder(tokenizer);
  for (const text of ['', 'abc', '<bos>', '<<bos>bos>', '</think><think>', '🙂<pad>é']) {
    expect(encode(text)).toEqual([...Buffer.from(text)]);
  }
});

describe('thoughts', () => {
  const parity = createFamily('parity').recognize('parity 1011')!;
  const thinking = (form: 'derivation' | 'pause') =>
    new DialogueEncoder(tokenizer, { thinking: { families: ['parity'], form, tokens: 3 } });

  test('stand before the answers of the families that a model is marked for, and are learnt with them', () => {
    const { ids, learnt } = thinking('derivation').encode(parity);
    expect(tokenizer.decode(ids)).toBe('<bos><user>parity 1011<ask><think>1101</think>1<eos>');
    expect(tokenizer.decode(ids.filter((_, i) => learnt[i] === 1))).toBe('<think>1101</think>1<eos>');
    expect(tokenizer.decode(thinking('derivation').encodePrompt(parity))).toBe('<bos><user>parity 1011<ask>');
  });

  test('can be pauses, which are given and not learnt', () => {
    const { ids, learnt } = thinking('pause').encode(parity);
    expect(tokenizer.decode(ids)).toBe(`<bos><user>parity 1011<ask>${'<think>'.repeat(4)}</think>1<eos>`);
    expect(tokenizer.decode(ids.filter((_, i) => learnt[i] === 1))).toBe('1<eos>');
    const prompt = thinking('pause').encodePrompt(parity);
    expect([...prompt, ...encoder.encodeAnswer('1')]).toEqual(ids);
  });

  test('leave everything else as it is', () => {
    for (const example of [item, conversation])
      expect(thinking('derivation').encode(example)).toEqual(encoder.encode(example));
    const { thoughts: _, ...underived } = parity;
    expect(thinking('derivation').encode(underived)).toEqual(encoder.encode(parity));
  });
});
