import type { Tokenizer } from './tokenizer.js';

const FILE = 'tokenizer_config.json';

/** The chat template in a tokenizer's configuration, if there is one. */
export function chatTemplateOf(tokenizer: Tokenizer): string | undefined {
  const config = tokenizer.files().find(({ name }) => name === FILE)?.json as { chat_template?: unknown } | undefined;
  return typeof config?.chat_template === 'string' ? config.chat_template : undefined;
}

/** The same tokenizer, with a chat template in the configuration that is written with it. */
export function withChatTemplate(tokenizer: Tokenizer, template: string): Tokenizer {
  const files = () =>
    tokenizer
      .files()
      .map(({ name, json }) =>
        name === FILE ? { name, json: { ...(json as object), chat_template: template } } : { name, json },
      );
  return Object.create(tokenizer, { files: { value: files } }) as Tokenizer;
}
