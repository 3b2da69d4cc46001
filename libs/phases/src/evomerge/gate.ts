import type { PhaseOutcome } from '@agent-forge/run';

/** The merge must predict the report text better than chance (8 bits for a byte): averages of models that do not fit together do not. */
export function gate({ metrics }: Pick<PhaseOutcome, 'metrics'>): string[] {
  const merged = metrics['mergedBitsPerByte'] ?? Number.NaN;
  return merged < 8 ? [] : [`mergedBitsPerByte is ${merged}, not below 8 (chance)`];
}
