import { bootstrap } from '@agent-forge/model';
import type { Interval } from './report.js';

/** What a model got right, item by item, or how many bits it needs for each text. */
export interface Marks {
  /** 1 for each item that is answered right. */
  readonly correct?: ArrayLike<number>;
  readonly texts?: readonly { readonly bits: number }[];
}

/**
 * What a model keeps of another's skill: its accuracy as a part of the other's, or on text alone the other's bits as a part of its own, with the paired
 * 95 % bootstrap interval over items or texts. One that is never right has nothing to lose: 1.
 */
export function retention(model: Marks, reference: Marks, seed: number | string): Interval {
  if (model.correct && reference.correct) return ratio(model.correct, reference.correct, seed);
  const bits = (marks: Marks) => (marks.texts ?? []).map((text) => text.bits);
  return ratio(bits(reference), bits(model), seed);
}

function ratio(above: ArrayLike<number>, below: ArrayLike<number>, seed: number | string): Interval {
  const of = (indices: Int32Array): number => {
    let [sum, base] = [0, 0];
    for (const i of indices) {
      sum += above[i]!;
      base += below[i]!;
    }
    return base === 0 ? 1 : sum / base;
  };
  return bootstrap(above.length, of, { seed });
}
