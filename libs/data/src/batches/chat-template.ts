import { ROLE_TOKENS } from './dialogue.js';
import type { Encoder } from './plain-text.js';

/**
 * The form of {@link DialogueEncoder} as a Jinja template, for `chat_template` of a tokenizer_config.json, so that other tools ask in the same tokens:
 * every turn behind the special token of its role, and answers end with `<eos>`. A call in an assistant turn (`tool_calls`) is written as
 * `{"name": ..., "arguments": ...}`, and `tools` become the system prompt that offers them, as in `tool add(a,b)`.
 * @param bos the tokenizer's token before every text, null for none
 */
export function chatTemplateFor(tokenizer: Pick<Encoder, 'tokenToId' | 'bosId'>): string {
  const marked = Object.values(ROLE_TOKENS).every((token) => tokenizer.tokenToId(token) !== undefined);
  const before = (role: keyof typeof ROLE_TOKENS): string => (marked ? ROLE_TOKENS[role] : '');
  const after = marked ? '' : '\\n';
  return [
    tokenizer.bosId === null ? '' : '{{ bos_token }}',
    `{%- if tools %}{{ '${before('system')}tool' }}{% for each in tools %}{%- set tool = each.function or each %}`,
    `{{ ' ' + tool.name + '(' }}{% for name in tool.parameters.properties %}{{ name if loop.last else name + ',' }}{% endfor %}{{ ')' }}`,
    `{% endfor %}{{ '${after}' }}{% endif -%}`,
    '{%- for message in messages %}',
    `{%- if message.role == 'system' %}{{ '${before('system')}' + message.content + '${after}' }}`,
    `{%- elif message.role == 'assistant' %}{{ '${before('assistant')}' }}`,
    `{%- if message.tool_calls %}{%- for each in message.tool_calls %}{%- set call = each.function or each %}`,
    `{{- '{"name":"' + call.name + '","arguments":' }}{{ call.arguments if call.arguments is string else call.arguments | tojson(separators=(',', ':')) }}{{ '}' }}`,
    `{%- endfor %}{%- else %}{{ message.content }}{%- endif %}{{ eos_token }}`,
    `{%- else %}{{ '${before('user')}' + message.content + '${after}' }}{%- endif %}`,
    '{%- endfor %}',
    `{%- if add_generation_prompt %}{{ '${before('assistant')}' }}{% endif %}`,
  ].join('');
}
