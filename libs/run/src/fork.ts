import { create } from '@bufbuild/protobuf';
import { ForgeError, ForkSchema, type Fork, type Recipe } from '@agent-forge/contracts';
import type { JsonObject } from '@bufbuild/protobuf';
import { withParams } from './recipe.js';
import type { RunState } from './state.js';

/**
 * What a new run is requested with that does `phase` and everything behind it anew and takes over the results before it.
 * @param params replace those of `phase`, one by one
 * @throws ForgeError RUN_CONFLICT when the run has no such phase, or a phase before it is not completed
 */
export function forkOf(state: RunState, phase: string, params: JsonObject): { recipe: Recipe; fork: Fork } {
  const at = state.phases.findIndex((candidate) => candidate.phase === phase);
  if (at < 0) throw new ForgeError('RUN_CONFLICT', `run ${state.run} has no phase "${phase.slice(0, 80)}"`);
  const before = state.phases.slice(0, at);
  const open = before.find(({ status }) => status !== 'completed');
  if (open) throw new ForgeError('RUN_CONFLICT', `${phase} has nothing to start from: ${open.phase} is ${open.status}`);
  const phases = before.map(({ phase: name, artifacts, metrics, degraded }) => ({
    phase: name,
    artifacts: [...artifacts],
    metrics: { ...metrics },
    degraded,
  }));
  return { recipe: withParams(state.recipe, phase, params), fork: create(ForkSchema, { run: state.run, phases }) };
}
