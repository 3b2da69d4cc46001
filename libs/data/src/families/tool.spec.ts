import { describe, expect, test } from '@jest/globals';
import { Rng } from '@agent-forge/contracts';
import { createFamily } from './registry.js';
import { parseToolCall, TOOL_SYSTEM, toolCall } from './tool.js';

describe('tool calls', () => {
  const family = createFamily('tool');
  const item = family.recognize('what is 17+25?')!;

  test('the item offers the tool and answers with the call', () => {
    expect(item).toMatchObject({
      system: TOOL_SYSTEM,
      answer: '{"name":"add","arguments":{"a":17,"b":25}}',
      key: createFamily('add').recognize('17+25=')!.key,
    });
  });

  test.each(['{"name":"add","arguments":{"a":17,"b":25}}', ' {"arguments": {"b":25, "a":17}, "name":"add"} '])(
    '%s is the call',
    (output) => {
      expect(family.check(item, output)).toBe(true);
    },
  );

  test.each([
    '42',
    '24',
    'null',
    '[]',
    '"name"',
    '{}',
    '{"name":"add","arguments":{"a":25,"b":17}}',
    '{"name":"add","arguments":{"a":"17","b":25}}',
    '{"name":"add","arguments":{"a":17}}',
    '{"name":"add","arguments":{"a":17,"b":25,"c":1}}',
    '{"name":"add","arguments":[17,25]}',
    '{"name":"add","a":17,"b":25}',
    '{"name":"sub","arguments":{"a":17,"b":25}}',
    '{"name":"add","arguments":{"a":17,"b":25},"id":1}',
    '{"name":"add","arguments":{"a":17,"b":25}',
  ])('%s is not', (output) => {
    expect(family.check(item, output)).toBe(false);
  });

  test('JSON that names no tool is no call at all', () => {
    for (const output of ['42', 'true', '[{"name":"add","arguments":{}}]', '{"name":"add"}', '{"a":1}', 'abc', '']) {
      expect(parseToolCall(output)).toBeUndefined();
    }
    expect(parseToolCall('{"name":"x","arguments":{}}')).toEqual({ name: 'x', arguments: {} });
  });

  test('a query that needs no tool keeps its plain answer beside the tool', () => {
    const plain = createFamily('sort').sample(Rng.derive(1));
    const beside = createFamily('sort@tool').sample(Rng.derive(1));
    expect(beside).toEqual({ ...plain, family: 'sort@tool', system: TOOL_SYSTEM });
    expect(createFamily('sort@tool').check(beside, toolCall({ a: 1, b: 2 }))).toBe(false);
  });
});
