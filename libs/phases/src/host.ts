import type { Json } from '@agent-forge/contracts';
import type { Checkpoint, TaskOutput, TaskProgress } from './task.js';

/** Something that whoever reads the log of a run should know, and that ended nothing. */
export interface Note {
  /** For programs, for example `DIVERGED`; capitals and underscores. */
  code: string;
  /** One line for a person. */
  message: string;
  metrics?: Record<string, number>;
}

/** What hosts a phase: remembers for it across attempts, tells others about it, and finds hands for its tasks. */
export interface PhaseHost {
  /** What an earlier attempt of this phase in this run saved last. */
  readonly checkpoint: Checkpoint | undefined;

  /**
   * Saves what the next attempt is to go on from; in the log when the promise resolves.
   * @throws ForgeError PAYLOAD_TOO_LARGE for a state over `MAX_CHECKPOINT_STATE_BYTES` of JSON, RUN_CONFLICT when this attempt no longer counts
   */
  saveCheckpoint(checkpoint: Checkpoint): Promise<void>;

  /**
   * What is to be settled once for the whole phase, however often it is attempted: numbers of steps that follow from a time budget and a measured
   * rate. The first attempt makes it and writes it into the log, later ones read it there.
   */
  plan<T extends Json>(make: () => Promise<T> | T): Promise<T>;

  /** Writes an event into the log of the run. */
  note(note: Note): Promise<void>;

  /**
   * Has tasks of this phase done by whichever replicas are free, and waits for all of them. A task that was done before, for this run or another, is not
   * done again.
   * @param task a name in the phase's `tasks`
   * @param onProgress hears of each input by its index
   * @returns the results in the order of the inputs
   * @throws ForgeError of the first task that failed for good
   */
  runTasks(
    task: string,
    inputs: readonly Json[],
    onProgress?: (index: number, progress: TaskProgress) => void,
  ): Promise<TaskOutput[]>;
}
