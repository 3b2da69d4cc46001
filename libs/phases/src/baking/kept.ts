import type { TaskItem } from '@agent-forge/data';
import type { Measured } from '../shared/yardstick.js';

/** What was measured, without the families that were baked: those are meant to change. */
export function keptOnly(measured: Measured, items: readonly TaskItem[], baked: ReadonlySet<string>): Measured {
  const { tasks } = measured;
  if (tasks === undefined) return measured;
  const correct = tasks.correct.filter((_, i) => !baked.has(items[i]!.family));
  const families = Object.fromEntries(Object.entries(tasks.families).filter(([name]) => !baked.has(name)));
  return { ...measured, tasks: { ...tasks, correct, families } };
}
