import type { Part } from './split.js';

/** One question with one right answer: what a task family makes, or one `prompt`/`completion` line of a file. */
export interface TaskItem {
  /** Family that made it, for example `add` or `copy@end`; `file` for a line of a user's file. */
  readonly family: string;
  /** Identity for the split: the operands, not the wording, so that all wordings of one unit fall into one part. */
  readonly key: string;
  readonly prompt: string;
  readonly answer: string;
  /** System prompt under which the prompt is asked. */
  readonly system?: string;
  /** Intermediate results that lead to the answer, one symbol per step, where the family has them. */
  readonly thoughts?: string;
  /** Larger is harder; comparable within one family only. */
  readonly difficulty: number;
}

/** One turn of a dialogue. */
export interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** A dialogue of several turns; every assistant turn is to be learnt. */
export interface Conversation {
  /** Identity for the split: the first user turn. */
  readonly key: string;
  readonly messages: readonly Message[];
}

/** Anything with an answer to learn. */
export type Example = TaskItem | Conversation;

/** A contiguous piece of running text, the unit of its split. No training window crosses its ends. */
export interface TextBlock {
  readonly text: string;
  readonly part: Part;
}

/** The turns of an example; an item without a system prompt has two. */
export function messagesOf(example: Example): readonly Message[] {
  if ('messages' in example) return example.messages;
  const turns: Message[] = [
    { role: 'user', content: example.prompt },
    { role: 'assistant', content: example.answer },
  ];
  return example.system === undefined ? turns : [{ role: 'system', content: example.system }, ...turns];
}
