import { PHASES, type Json, type PhaseDescription } from '@agent-forge/contracts';
import type { Phase } from './phase.js';

/** A phase as data: what a person or a program needs to put it into a recipe. */
export function describePhase({ name, consumes, produces, params, resources, fallback }: Phase): PhaseDescription {
  return {
    name,
    summary: PHASES.find((phase) => phase.name === name)?.summary ?? '',
    consumes: { ...consumes },
    produces: produces.map((made) => ({ ...made })),
    // Without TypeBox's own marks, which are symbols.
    params: JSON.parse(JSON.stringify(params)) as Record<string, Json>,
    resources: { ...resources },
    ...(fallback ? { fallback: fallback.name } : {}),
  };
}
