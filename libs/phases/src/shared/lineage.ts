import type { Lineage } from '@agent-forge/contracts';
import type { PhaseContext } from '../phase.js';

/** The lineage of something that a phase made. */
export function lineageOf(
  phase: string,
  { params, data, seed, codeVersion }: PhaseContext,
  parents: readonly string[],
  metrics: Record<string, number>,
): Lineage {
  return {
    parents: [...parents],
    data: data.map(({ artifactId }) => artifactId),
    phase,
    params: { ...params },
    seed,
    codeVersion,
    metrics,
  };
}
