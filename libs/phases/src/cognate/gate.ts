import type { PhaseOutcome } from '@agent-forge/run';

/** What a model that knows nothing at all needs for a byte. */
const KNOWS_NOTHING_BITS = 8;

/** Every model must predict the report text better than chance. */
export function gate({ metrics }: Pick<PhaseOutcome, 'metrics'>): string[] {
  return Object.entries(metrics)
    .filter(([name, value]) => name.endsWith('BitsPerByte') && !(value < KNOWS_NOTHING_BITS))
    .map(([name, value]) => `${name} is ${value}, not below ${KNOWS_NOTHING_BITS} (chance)`);
}
