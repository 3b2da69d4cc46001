import type { PhaseOutcome } from '@agent-forge/run';
import type { BitnetParams } from './params.js';

/** Ternary weights must keep most of what the parent could do, and of what it could do after as many more steps, where that was measured. */
export function gate({ metrics }: PhaseOutcome, { minRetention }: BitnetParams): string[] {
  if (metrics['retention'] === undefined) return ['retention was not measured'];
  return ['retention', 'controlRetention'].flatMap((name) => {
    const value = metrics[name];
    if (value === undefined || value >= minRetention) return [];
    return [`${name} is ${value.toFixed(3)}, below minRetention ${minRetention}`];
  });
}
