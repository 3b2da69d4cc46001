import { describe, expect, test } from '@jest/globals';
import { byteTokenizer, chatTemplateOf, withChatTemplate } from '@agent-forge/model';
import { Template } from '@huggingface/jinja';
import { createFamily } from '../families/registry.js';
import { messagesOf, type Example } from '../items.js';
import { chatTemplateFor } from './chat-template.js';
import { DialogueEncoder } from './dialogue.js';

const item = createFamily('tool').recognize('what is 17+25?')!;
const EXAMPLES: Example[] = [
  item,
  createFamily('sort').recognize('sort dbca')!,
  {
    key: 'a',
    messages: [
      { role: 'system', content: 's "quoted" {{ x }}' },
      { role: 'user', content: 'two\nlines' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: ' c ' },
      { role: 'assistant', content: 'dé' },
    ],
  },
];

describe.each([
  ['with role tokens', byteTokenizer()],
  ['without them', byteTokenizer(['<bos>', '<eos>', '<pad>'])],
])('the chat template of a tokenizer %s', (_, tokenizer) => {
  const encoder = new DialogueEncoder(tokenizer);
  const template = new Template(chatTemplateFor(tokenizer));
  const render = (values: Record<string, unknown>) =>
    tokenizer.encode(template.render({ bos_token: '<bos>', eos_token: '<eos>', ...values }));

  test.each(EXAMPLES)('writes the tokens that the model was trained on: %#', (example) => {
    const messages = messagesOf(example);
    expect(render({ messages })).toEqual(encoder.encode(example).ids);
    const asked = { messages: messages.slice(0, -1), add_generation_prompt: true };
    expect(render(asked)).toEqual(encoder.encodePrompt(example));
  });

  test('writes tools and calls in the model’s own form', () => {
    const parameters = { type: 'object', properties: { a: { type: 'integer' }, b: { type: 'integer' } } };
    const messages = [
      { role: 'user', content: item.prompt },
      {
        role: 'assistant',
        tool_calls: [{ type: 'function', function: { name: 'add', arguments: { a: 17, b: 25 } } }],
      },
    ];
    const tools = [{ type: 'function', function: { name: 'add', parameters } }];
    expect(render({ messages, tools })).toEqual(encoder.encode(item).ids);
  });
});

test('a tokenizer keeps its template in the file that is written', () => {
  const tokenizer = byteTokenizer();
  expect(chatTemplateOf(tokenizer)).toBeUndefined();
  const changed = withChatTemplate(tokenizer, chatTemplateFor(tokenizer));
  expect(chatTemplateOf(changed)).toBe(chatTemplateFor(tokenizer));
  expect(changed.encode('a<eos>')).toEqual(tokenizer.encode('a<eos>'));
  expect(changed.files().map(({ name }) => name)).toEqual(tokenizer.files().map(({ name }) => name));
});
