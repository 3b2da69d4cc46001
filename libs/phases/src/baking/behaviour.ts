import { createFamily, parseToolCall, TOOL_SYSTEM, type TaskItem } from '@agent-forge/data';
import type { Bake } from './params.js';

/** What can be seen of a prompt's effect in answers, one mark for each. */
export interface Behaviour {
  readonly name: string;
  /** Whether the i-th answer shows it. */
  shows(answer: string, item: TaskItem, prompted: string): boolean;
}

/** The same answer as the prompted model's. */
export const FOLLOWING: Behaviour = { name: 'following', shows: (answer, _, prompted) => answer === prompted };

/** A call of any tool. */
export const CALL: Behaviour = { name: 'valid call', shows: (answer) => parseToolCall(answer) !== undefined };

/** The call that is right for the question: the tool's name, and every argument. */
export const RIGHT_CALL: Behaviour = {
  name: 'right arguments',
  shows: (answer, { prompt }) => {
    const tool = createFamily('tool');
    const item = tool.recognize(prompt);
    return item !== undefined && tool.check(item, answer);
  },
};

/** Whether a bake is of the prompt that offers the tool. */
export function offersTool({ prompt }: Pick<Bake, 'prompt'>): boolean {
  return prompt === TOOL_SYSTEM;
}

/** What is counted in the answers to a bake's questions. */
export function behavioursOf(bake: Bake): Behaviour[] {
  return [
    FOLLOWING,
    ...(bake.marker === undefined ? [] : [marks(bake.marker)]),
    ...(offersTool(bake) ? [CALL, RIGHT_CALL] : []),
  ];
}

/** What shows a bake in answers to any question; without a marker and without a tool there is nothing that would. */
export function traceOf(bake: Bake): Behaviour | undefined {
  if (bake.marker !== undefined) return marks(bake.marker);
  return offersTool(bake) ? CALL : undefined;
}

function marks(marker: string): Behaviour {
  return { name: 'marker', shows: (answer) => answer.endsWith(marker) };
}
