import { createFamily, parseToolCall, reversedDigits, TOOL_SYSTEM, type TaskItem } from '@agent-forge/data';
import type { ExactVerifier, Question, Tool } from './ports.js';

/** The one tool of the task families: adds two whole numbers, and writes the sum as the families do, last digit first. */
export const ADD_TOOL: Tool = {
  offer: TOOL_SYSTEM,
  run: (output) => {
    const call = parseToolCall(output);
    if (call?.name !== 'add') return undefined;
    const { a, b, ...others } = call.arguments;
    if (!isTerm(a) || !isTerm(b) || Object.keys(others).length > 0) return undefined;
    return reversedDigits(a + b);
  },
};

function isTerm(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && Number.isSafeInteger(2 * (value as number));
}

/** Whether an answer is right, as the item's family checks it; an item of a file by equality. */
export function isRight(item: TaskItem, answer: string): boolean {
  return item.family === 'file' ? answer === item.answer : createFamily(item.family).check(item, answer);
}

/** The verifier that knows the answers of these items: it computes them, so that passing it is not the model's skill. */
export function exactVerifierOf(items: readonly TaskItem[]): ExactVerifier {
  const known = new Map(items.map((item) => [keyOf(item), item]));
  return {
    isRight: (question, answer) => {
      const item = known.get(keyOf(question));
      return item !== undefined && isRight(item, answer);
    },
  };
}

/** What an agent is asked about an item: all but the answer. */
export function questionOf({ prompt, system, family }: TaskItem): Question {
  return { prompt, family, ...(system === undefined ? {} : { system }) };
}

function keyOf({ prompt, system, family }: Question): string {
  return JSON.stringify([family, system ?? null, prompt]);
}
