import type { ArtifactName, ArtifactRef, ErrorInfo, Json, Recipe } from '@agent-forge/contracts';

/** Where a run stands: `running` from the request to the last event, `paused` while its owner wants no work to be done. */
export type RunStatus = 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/**
 * Where a phase stands: `waiting` for its turn or for a worker, `claimed` by one, `released` by one without a result (another attempt follows).
 */
export type PhaseStatus = 'waiting' | 'claimed' | 'released' | 'completed' | 'failed';

/** Where an attempt is to go on. */
export interface PhaseCheckpoint {
  /** As the phase wrote it. */
  readonly state: Json;
  readonly artifacts: readonly ArtifactRef[];
}

/** What a phase wanted its readers to know. */
export interface PhaseNote {
  readonly attempt: number;
  readonly code: string;
  readonly message: string;
  readonly metrics: Readonly<Record<string, number>>;
}

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
  /** What was settled once for all attempts. */
  readonly plan?: Json;
  /** The last one of the present or an earlier attempt; gone once the phase is completed. */
  readonly checkpoint?: PhaseCheckpoint;
  /** The latest {@link MAX_NOTES}. */
  readonly notes: readonly PhaseNote[];
}

/** More would only hide the ones that matter; the log has all. */
export const MAX_NOTES = 20;

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
  /** The run that this one was forked from. */
  readonly forkedFrom?: string;
  /** In the order of the recipe. */
  readonly phases: readonly PhaseState[];
  /** The artifacts of the last phase, once the run is completed. */
  readonly artifacts: readonly ArtifactRef[];
  readonly error?: ErrorInfo;
}

/** A phase that was never claimed. */
export function waitingPhase(phase: string): PhaseState {
  return {
    phase,
    status: 'waiting',
    attempt: 0,
    worker: '',
    failures: 0,
    artifacts: [],
    metrics: {},
    degraded: '',
    notes: [],
  };
}

/** Whether the run has come to an end; only a retry changes it. */
export function hasEnded({ status }: Pick<RunState, 'status'>): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** The phase of a name. */
export function phaseOf(state: RunState, phase: string): PhaseState | undefined {
  return state.phases.find((candidate) => candidate.phase === phase);
}

/** The phase whose turn it is: the first that is not completed. */
export function currentPhase(state: RunState): PhaseState | undefined {
  return state.phases.find(({ status }) => status !== 'completed');
}

/** What a phase reads: the artifacts of the phase before it; the first, the models that the recipe imports, their role being their name. */
export function inputsOf(state: RunState, phase: string): readonly ArtifactName[] {
  const at = state.phases.findIndex((candidate) => candidate.phase === phase);
  if (at === 0)
    return state.recipe.models.map(({ name, artifactId }) => ({ id: artifactId, kind: 'model', role: name }));
  return state.phases[at - 1]?.artifacts ?? [];
}
