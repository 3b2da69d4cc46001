import type { TaskItem } from '@agent-forge/data';
import { evaluationOn } from '../shared/families.js';
import type { Measured } from '../shared/yardstick.js';

/** What was measured, on some of the families alone; without tasks where none of them was. */
export function onFamilies(measured: Measured, items: readonly TaskItem[], has: (family: string) => boolean): Measured {
  const { tasks, ...text } = measured;
  return tasks && items.some(({ family }) => has(family)) ? { ...text, tasks: evaluationOn(tasks, items, has) } : text;
}
