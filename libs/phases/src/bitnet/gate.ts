import type { PhaseOutcome } from '@agent-forge/run';
import type { BitnetParams } from './params.js';

/** Ternary weights must keep most of what the parent could do. */
export function gate({ metrics }: PhaseOutcome, { minRetention }: BitnetParams): string[] {
  const { retention } = metrics;
  if (retention !== undefined && retention >= minRetention) return [];
  return [
    retention === undefined
      ? 'retention was not measured'
      : `retention is ${retention.toFixed(3)}, below minRetention ${minRetention}`,
  ];
}
