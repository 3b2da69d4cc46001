import { createHash } from 'node:crypto';
import { assertId, canonicalJson, ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';

const TASK_ROOT = 'forge.tasks';
const PROGRESS_ROOT = 'forge.taskprogress';
/** Every subject of the work queue: `forge.tasks.<tenant>.<run>.<phase>.<key>`. */
export const TASK_SUBJECTS = `${TASK_ROOT}.*.*.*.*`;
const KEY = /^[0-9a-f]{64}$/;

/** A task as it waits in the queue. */
export interface QueuedTask {
  readonly tenant: string;
  /** The run that asked for it. */
  readonly run: string;
  readonly phase: string;
  /** Its name in the phase. */
  readonly task: string;
  readonly input: Json;
  /** {@link taskKey} of it. */
  readonly key: string;
}

/** What came of a task. */
export type TaskResult =
  | { readonly value: Json; readonly artifacts: readonly ArtifactName[] }
  | { readonly error: { readonly code: string; readonly message: string } };

/**
 * What a task is known by: SHA-256 of the canonical JSON of all that its result depends on, the version of the code included.
 * @throws ForgeError INVALID_ARGUMENT for an input that JSON cannot say
 */
export function taskKey(phase: string, task: string, input: Json, codeVersion: string): string {
  return createHash('sha256').update(canonicalJson({ phase, task, input, codeVersion })).digest('hex');
}

export function taskSubject({ tenant, run, phase, key }: Omit<QueuedTask, 'task' | 'input'>): string {
  const ids = [assertId(tenant, 'tenant'), assertId(run, 'run'), assertId(phase, 'phase')];
  if (!KEY.test(key)) throw new ForgeError('INVALID_ARGUMENT', `"${key.slice(0, 80)}" is no key of a task`);
  return [TASK_ROOT, ...ids, key].join('.');
}

/** All tasks of a phase. */
export function phaseTasks(phase: string): string {
  return `${TASK_ROOT}.*.*.${assertId(phase, 'phase')}.*`;
}

/** Where the progress of a task is told; it is stored nowhere. */
export function taskProgressSubject(key: string): string {
  return `${PROGRESS_ROOT}.${key}`;
}
