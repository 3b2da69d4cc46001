import { comparisonSentence } from '../shared/comparison-sentence.js';
import type { Comparison } from '../shared/report.js';

/** What is known when sentences are made. */
export interface Findings {
  readonly comparisons: readonly Comparison[];
  /** Whether thinking beats every control. */
  readonly helps: boolean;
  readonly isReinforced: boolean;
  readonly passesInput: boolean;
  readonly warmStart: boolean;
}

/** What may be said: whether thinking helps, where the thoughts come from, and each comparison by its whole interval. */
export function verdictsOf({ comparisons, helps, isReinforced, passesInput, warmStart }: Findings): string[] {
  const first = helps
    ? 'thinking helps: the model is right more often with its own thoughts than every control'
    : `thinking does not help here${passesInput ? ': the input goes on' : ''}`;
  const origin = warmStart ? 'its thoughts were taught as text' : 'its thoughts were found by reinforcement alone';
  const after = isReinforced
    ? 'reinforcement kept or improved them on the select part'
    : 'reinforcement made them worse on the select part, so the model from before it was taken';
  return [
    first,
    `${origin}; ${after}`,
    ...comparisons.map((each) => `where it thinks, ${comparisonSentence(each, 'points', 'the thinking model')}`),
  ];
}
