import { ForgeError } from '@agent-forge/contracts';
import type { TaskItem } from '../items.js';
import type { TaskFamily } from './family.js';

/** What stands for a step that says nothing. */
const PAUSE = '.';

/** The items of a family with the steps that lead to each answer written before it, to be learnt like the answer. */
export function thinkingAloud(inner: TaskFamily): TaskFamily {
  return beforeAnswers(inner, 'think', (thoughts) => ({ text: thoughts, learnt: true }));
}

/** The same with as many pauses in place of the steps: a control that has the time to think, and nothing to say. */
export function pausing(inner: TaskFamily): TaskFamily {
  return beforeAnswers(inner, 'pause', (thoughts) => ({ text: PAUSE.repeat(thoughts.length), learnt: false }));
}

function beforeAnswers(
  inner: TaskFamily,
  variant: string,
  thinkingOf: (thoughts: string) => NonNullable<TaskItem['thinking']>,
): TaskFamily {
  const name = `${inner.name}@${variant}`;
  if (!inner.hasThoughts)
    throw new ForgeError('INVALID_ARGUMENT', `family ${inner.name} has no steps to write: there is no "${name}"`);
  const think = (item: TaskItem): TaskItem => ({ ...item, family: name, thinking: thinkingOf(item.thoughts!) });
  return {
    name,
    keyCount: inner.keyCount,
    chance: inner.chance,
    chanceOf: inner.chanceOf,
    hasThoughts: true,
    sample: (rng) => think(inner.sample(rng)),
    recognize: (prompt) => {
      const item = inner.recognize(prompt);
      return item && think(item);
    },
    check: (item, output) => inner.check(item, output),
  };
}
