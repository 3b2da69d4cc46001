import type { Manifest } from '@agent-forge/contracts';
import { hasEnded, type RunState } from './state.js';

/** Clocks of machines that write events differ by less. */
const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Every artifact that a run may still need: what its recipe names, what its phases made, where unfinished phases are to go on, and, from there,
 * all that these were made from.
 * @param manifestOf undefined for an artifact that the store does not have
 * @param roots other artifacts that must stay
 */
export function reachable(
  states: Iterable<RunState>,
  manifestOf: (id: string) => Pick<Manifest, 'lineage'> | undefined,
  roots: Iterable<string> = [],
): Set<string> {
  const found = new Set<string>();
  const open = [...roots];
  for (const state of states) open.push(...namedBy(state));
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const { parents = [], data = [] } = manifestOf(id)?.lineage ?? {};
    open.push(...parents, ...data);
  }
  return found;
}

/** The artifacts that a run names itself. */
function namedBy({ recipe, phases, artifacts }: RunState): string[] {
  const made = phases.flatMap((phase) => [...phase.artifacts, ...(phase.checkpoint?.artifacts ?? [])]);
  return [
    ...recipe.data.map(({ artifactId }) => artifactId),
    ...recipe.models.map(({ artifactId }) => artifactId),
    ...[...made, ...artifacts].map(({ id }) => id),
  ];
}

/**
 * The time before which an artifact must have been put to be garbage. A phase names what it has put only when it saves a checkpoint or ends, so
 * nothing counts that was put since the oldest one at work began.
 * @param graceMs for what is put before anything names it, as uploads are
 */
export function collectableBefore(states: Iterable<RunState>, nowMs: number, graceMs: number): number {
  let beforeMs = nowMs - graceMs;
  for (const state of states) {
    if (hasEnded(state)) continue;
    for (const { status, startedAt } of state.phases) {
      if (status === 'completed' || startedAt === undefined) continue;
      beforeMs = Math.min(beforeMs, Date.parse(startedAt) - CLOCK_SKEW_MS);
    }
  }
  return beforeMs;
}
