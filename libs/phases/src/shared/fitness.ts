import type { Measured } from './yardstick.js';

/** A nat of loss is worth this much accuracy: it only orders models whose answers are equally often right. */
const LOSS_WEIGHT = 0.1;

/** What models are chosen by: accuracy, with the loss to break ties; bits per byte where a run has text. Lower is better. */
export function fitnessOf({ tasks, text }: Measured): number {
  if (tasks === undefined) return text?.bitsPerByte ?? Number.NaN;
  return -tasks.accuracy.estimate + LOSS_WEIGHT * (tasks.loss + (text?.bitsPerByte ?? 0));
}
