import type { ErrorCode } from '@agent-forge/contracts';
import type { PhaseInput, PhaseProgress } from '@agent-forge/phases';
import type { PhaseOutcome } from '@agent-forge/run';

/** What a worker thread is started with. */
export interface JobData {
  /** URL of the module that exports the phase as `phase`. */
  readonly module: string;
  readonly input: PhaseInput;
  readonly artifactsDir: string;
  readonly workDir: string;
  readonly threads: number;
  readonly codeVersion: string;
}

/** What a worker thread says. Its last word is `done` or `failed`. */
export type JobMessage =
  | { type: 'progress'; progress: PhaseProgress }
  | { type: 'done'; outcome: PhaseOutcome }
  | { type: 'failed'; code: ErrorCode; message: string; stack: string };

/** The only thing that is said to it. */
export const ABORT = 'abort';
