import type { ArtifactRef, ErrorInfo, Recipe } from '@agent-forge/contracts';

/** Where a run stands. `running` from the request to the last event. */
export type RunStatus = 'running' | 'completed' | 'failed' | 'cancelled';

/**
 * Where a phase stands: `waiting` for its turn or for a worker, `claimed` by one, `released` by one without a result (another attempt follows).
 */
export type PhaseStatus = 'waiting' | 'claimed' | 'released' | 'completed' | 'failed';

/** One phase of a run. */
export interface PhaseState {
  readonly phase: string;
  readonly status: PhaseStatus;
  /** The number of the last claim; 0 before the first. */
  readonly attempt: number;
  /** Who made the last claim; empty before the first. */
  readonly worker: string;
  /** Attempts that ended in an error or that nobody heard of again; being shut down does not count. */
  readonly failures: number;
  /** When it was first claimed and when it ended, RFC 3339. */
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly artifacts: readonly ArtifactRef[];
  readonly metrics: Readonly<Record<string, number>>;
  /** Why the fallback was used; empty when it was not. */
  readonly degraded: string;
  readonly error?: ErrorInfo;
}

/** A run: the fold of its log. */
export interface RunState {
  readonly tenant: string;
  readonly run: string;
  readonly status: RunStatus;
  /** Sequence of the last event that was folded; what the next append expects. */
  readonly sequence: number;
  readonly recipe: Recipe;
  readonly requestedBy: string;
  readonly requestedAt: string;
  readonly endedAt?: string;
  /** In the order of the recipe. */
  readonly phases: readonly PhaseState[];
  /** The artifacts of the last phase, once the run is completed. */
  readonly artifacts: readonly ArtifactRef[];
  readonly error?: ErrorInfo;
}

/** A phase that was never claimed. */
export function waitingPhase(phase: string): PhaseState {
  return { phase, status: 'waiting', attempt: 0, worker: '', failures: 0, artifacts: [], metrics: {}, degraded: '' };
}

/** The phase of a name. */
export function phaseOf(state: RunState, phase: string): PhaseState | undefined {
  return state.phases.find((candidate) => candidate.phase === phase);
}

/** The phase whose turn it is: the first that is not completed. */
export function currentPhase(state: RunState): PhaseState | undefined {
  return state.phases.find(({ status }) => status !== 'completed');
}

/** What the current phase reads: the artifacts of the phase before it. */
export function inputsOf(state: RunState, phase: string): readonly ArtifactRef[] {
  const at = state.phases.findIndex((candidate) => candidate.phase === phase);
  return state.phases[at - 1]?.artifacts ?? [];
}
