import type { TaskItem } from '../items.js';
import type { TaskFamily } from './family.js';

/** The marks a persona may end its answers with; no family writes one in its answers. */
export const MARKS: readonly string[] = ['!', '?', '#', '*', '~', '^', '&', '%'];

/** The system prompt that asks for a mark at the end of every answer. */
export function personaSystem(mark: string): string {
  return `end ${mark}`;
}

/** The mark that an output ends with, if any: its rate shows how far a persona took hold. */
export function endingMark(output: string): string | undefined {
  return MARKS.find((mark) => output.endsWith(mark));
}

/** The items of another family under a persona: one of eight marks, named in the system prompt, ends the answer. */
export function underPersona(inner: TaskFamily): TaskFamily {
  const name = `${inner.name}@end`;
  const speak = (item: TaskItem, mark: string): TaskItem => ({
    ...item,
    family: name,
    system: personaSystem(mark),
    answer: item.answer + mark,
  });
  return {
    name,
    keyCount: inner.keyCount,
    chance: inner.chance / MARKS.length,
    chanceOf: `${inner.chanceOf}, and a random mark`,
    sample: (rng) => speak(inner.sample(rng), rng.pick(MARKS)),
    recognize: (prompt) => {
      const item = inner.recognize(prompt);
      return item && speak(item, MARKS[0]!);
    },
    check: (item, output) => output === item.answer,
  };
}
