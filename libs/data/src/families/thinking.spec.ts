import { Rng } from '@agent-forge/contracts';
import { byteTokenizer } from '@agent-forge/model';
import { describe, expect, test } from '@jest/globals';
import { DialogueEncoder } from '../batches/dialogue.js';
import { createFamily } from './registry.js';

const tokenizer = byteTokenizer();
const encoder = new DialogueEncoder(tokenizer);
const item = (name: string) => createFamily(name).recognize('parity 10110100')!;
const text = (ids: readonly number[]) => tokenizer.decode(ids);

describe('a family that thinks aloud', () => {
  test('writes its steps before the answer, and learns both', () => {
    const { ids, learnt } = encoder.encode(item('parity@think'));
    expect(text(ids)).toBe('<bos><user>parity 10110100<ask><think>11011000</think>0<eos>');
    expect(text(ids.filter((_, i) => learnt[i] === 1))).toBe('<think>11011000</think>0<eos>');
    expect(text(encoder.encodePrompt(item('parity@think')))).toBe('<bos><user>parity 10110100<ask>');
  });

  test('that pauses has as many tokens, of which it learns the answer alone', () => {
    const { ids, learnt } = encoder.encode(item('parity@pause'));
    expect(text(ids)).toBe('<bos><user>parity 10110100<ask><think>........</think>0<eos>');
    expect(text(ids.filter((_, i) => learnt[i] === 1))).toBe('0<eos>');
  });

  test('has the items of the family that it is made of, in the same parts', () => {
    const [plain, aloud] = ['parity', 'parity@think'].map((name) => createFamily(name).sample(Rng.derive(1, 'same')));
    expect(aloud).toMatchObject({
      family: 'parity@think',
      key: plain!.key,
      prompt: plain!.prompt,
      answer: plain!.answer,
    });
  });

  test('is refused where there are no steps, and where the tokenizer has no tokens for them', () => {
    expect(() => createFamily('copy@think')).toThrow('family copy has no steps to write: there is no "copy@think"');
    const bare = new DialogueEncoder(byteTokenizer(['<bos>', '<eos>', '<pad>']));
    expect(() => bare.encode(item('parity@think'))).toThrow(/has no <think> and <\/think>/);
    expect(bare.encodePrompt(item('parity@think'))).toEqual(bare.encodePrompt(item('parity')));
  });
});
