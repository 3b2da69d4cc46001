import type { TaskItem } from '../items.js';
import { MARKS, personaSystem } from './persona.js';
import { TOOL_SYSTEM, toolCall } from './tool.js';
import { parseWordPrompt } from './word.js';

/** The right answer to a plain item under a system prompt; undefined for a prompt of somebody's own, of which only a model can say what it does. */
export function answerUnder(system: string, { prompt, answer }: TaskItem): string | undefined {
  const mark = MARKS.find((each) => personaSystem(each) === system);
  if (mark !== undefined) return answer + mark;
  if (system !== TOOL_SYSTEM) return undefined;
  const sum = parseWordPrompt(prompt);
  return sum === undefined ? answer : toolCall(sum);
}
