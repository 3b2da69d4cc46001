import { PHASES, type Json, type PhaseDescription } from '@agent-forge/contracts';
import { metricNames } from './metric-mistakes.js';
import type { Phase } from './phase.js';

/** A phase as data: what a person or a program needs to put it into a recipe. */
export function describePhase(phase: Phase): PhaseDescription {
  const { name, consumes, produces, params, resources, fallback } = phase;
  return {
    name,
    summary: PHASES.find((known) => known.name === name)?.summary ?? '',
    consumes: { ...consumes },
    produces: produces.map((made) => ({ ...made })),
    // Without TypeBox's own marks, which are symbols.
    params: JSON.parse(JSON.stringify(params)) as Record<string, Json>,
    metrics: metricNames(phase),
    resources: { ...resources },
    ...(fallback ? { fallback: fallback.name } : {}),
  };
}
