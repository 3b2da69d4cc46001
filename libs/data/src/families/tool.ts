import type { FormPart } from '@agent-forge/model';
import type { TaskItem } from '../items.js';
import { defineFamily, type TaskFamily } from './family.js';
import * as sums from './sums.js';
import { parseWordPrompt, wordPrompt } from './word.js';

/** The system prompt that offers the one tool, with its argument names. */
export const TOOL_SYSTEM = 'tool add(a,b)';
const TOOL_NAME = 'add';

/** A call of a tool, in the form of chat templates (Hugging Face, "Tool use"). */
export interface ToolCall {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** The call as the model is to write it. */
export function toolCall({ a, b }: sums.Sum): string {
  return JSON.stringify({ name: TOOL_NAME, arguments: { a, b } });
}

/** The form of {@link toolCall}, for decoding that keeps to it. */
export const TOOL_CALL_FORM: readonly FormPart[] = [
  { text: `{"name":"${TOOL_NAME}","arguments":{"a":` },
  { value: 'integer', digits: 4 },
  { text: ',"b":' },
  { value: 'integer', digits: 4 },
  { text: '}}' },
];

/**
 * A call in an output, or undefined: it must be a JSON object with a `name` and `arguments`, and nothing else. (A bare number is JSON too, and is no call.)
 * The rate at which it is found under prompts that need no tool is the rate of false calls.
 */
export function parseToolCall(output: string): ToolCall | undefined {
  try {
    const value: unknown = JSON.parse(output);
    if (!isObject(value) || Object.keys(value).length !== 2) return undefined;
    const { name, arguments: given } = value;
    return typeof name === 'string' && isObject(given) ? { name, arguments: given } : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A sum in words under a system prompt that offers a tool for it: the answer is the call. Keys are those of `add`. */
export const tool = defineFamily(
  'tool',
  `what is 17+25? -> ${toolCall({ a: 17, b: 25 })}, under a system prompt with the tool`,
  sums.SUM_SETTINGS,
  ({ limit, easyShare }) => ({
    keyCount: sums.sumKeyCount(limit),
    chance: (1 / limit) * (easyShare / Math.min(10, limit) + (1 - easyShare) / limit),
    chanceOf: 'always the same call, with the most frequent operands',
    draw: (rng) => sums.drawSum(rng, limit, easyShare),
    ...sums.allSums(limit),
    system: TOOL_SYSTEM,
    prompt: wordPrompt,
    parse: parseWordPrompt,
    answer: toolCall,
    key: sums.sumKey,
    difficulty: sums.sumDifficulty,
    check: isSameCall,
  }),
);

/** Equal as calls: the order of the fields and blanks do not matter, everything else does. */
function isSameCall(item: TaskItem, output: string): boolean {
  const [right, given] = [parseToolCall(item.answer), parseToolCall(output)];
  if (right === undefined || given === undefined) return false;
  const names = Object.keys(right.arguments);
  const isComplete = names.length === Object.keys(given.arguments).length;
  return (
    right.name === given.name && isComplete && names.every((name) => right.arguments[name] === given.arguments[name])
  );
}

/** The items of another family under the tool's system prompt: they need no tool, so their plain answers stay right. */
export function besideTool(inner: TaskFamily): TaskFamily {
  const name = `${inner.name}@tool`;
  const offer = (item: TaskItem): TaskItem => ({ ...item, family: name, system: TOOL_SYSTEM });
  return {
    name,
    keyCount: inner.keyCount,
    chance: inner.chance,
    chanceOf: inner.chanceOf,
    sample: (rng) => offer(inner.sample(rng)),
    recognize: (prompt) => {
      const item = inner.recognize(prompt);
      return item && offer(item);
    },
    check: (item, output) => inner.check(item, output),
  };
}
