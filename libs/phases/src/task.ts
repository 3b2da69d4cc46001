import type { ArtifactName, ArtifactStore, Json } from '@agent-forge/contracts';

/** What can be taken up again after a kill: plain data, and the artifacts that it refers to. */
export interface Checkpoint {
  readonly state: Json;
  readonly artifacts: readonly ArtifactName[];
}

/** How far a task is. */
export interface TaskProgress {
  /** Share of the task that is done, 0 to 1. */
  fraction: number;
  step?: number;
  steps?: number;
  secondsLeft?: number;
  /** The numbers of the moment. */
  metrics?: Record<string, number>;
}

/** What a task works with. It sees nothing of the run that asked for it, so that its result holds for every run that asks the same. */
export interface TaskContext {
  readonly artifacts: ArtifactStore;
  /** An empty folder of its own, removed afterwards. */
  readonly workDir: string;
  /** Threads that it may keep busy. */
  readonly threads: number;
  readonly codeVersion: string;
  /** Aborted when the work is no longer wanted: end soon, with any error. */
  readonly signal: AbortSignal;
  /** What an earlier attempt at the same task saved last. */
  readonly checkpoint: Checkpoint | undefined;
  /** @throws ForgeError PAYLOAD_TOO_LARGE for a state over `MAX_CHECKPOINT_STATE_BYTES` of JSON */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;
  /** May be called as often as one likes; most calls are dropped on the way. */
  report(progress: TaskProgress): void;
}

/** What a task gives back: small data, and the artifacts that it stored. */
export interface TaskOutput {
  readonly value: Json;
  readonly artifacts: readonly ArtifactName[];
}

/**
 * A piece of a phase that any replica may do: a function of its input, which names everything that the result depends on (digests of models and
 * data, parameters, seeds). Equal inputs give equal results, so a result is kept and found again by the hash of the input.
 */
export type Task = (input: Json, context: TaskContext) => Promise<TaskOutput>;
