import { ForgeError } from './errors.js';
import type { ForgeEvent } from './events.js';
import type { ArtifactRef, ErrorInfo } from './generated/v1/events_pb.js';
import { isDigest, isId } from './ids.js';
import { MAX_EVENT_ARTIFACTS, MAX_TEXT_LENGTH } from './limits.js';
import { NOBODY, RUN_TOKEN } from './subjects.js';
import { ARTIFACT_KINDS } from './artifacts.js';

/** Names of artifacts inside a phase, for example `seed-1`. */
const ROLE = /^[a-z0-9][a-z0-9-]{0,63}$/;

/**
 * The rules of the contract that protobuf cannot say.
 * @throws ForgeError INVALID_EVENT naming the first rule that is broken
 */
export function checkEvent(event: ForgeEvent): void {
  const problem = addressProblem(event) ?? dataProblem(event);
  if (problem !== undefined)
    throw new ForgeError('INVALID_EVENT', `event ${event.name} of run ${event.run} is refused: ${problem}`);
}

function addressProblem(event: ForgeEvent): string | undefined {
  if (event.name.startsWith('run.') !== (event.phase === RUN_TOKEN)) return `it cannot be about "${event.phase}"`;
  const mustHandOver = ['run.requested', 'run.resumed', 'run.retried'].includes(event.name);
  if (!mustHandOver && event.name !== 'phase.completed' && event.next !== NOBODY)
    return `it cannot name ${event.next} as next`;
  if (mustHandOver && event.next === NOBODY) return 'it names no phase as next';
  return undefined;
}

function dataProblem(event: ForgeEvent): string | undefined {
  switch (event.name) {
    case 'run.requested':
      return event.data.recipe === undefined ? 'it has no recipe' : textProblem('requestedBy', event.data.requestedBy);
    case 'phase.started':
      return attemptProblem(event.data.attempt) ?? workerProblem(event.data.worker);
    case 'phase.progress':
      return (
        attemptProblem(event.data.attempt) ??
        textProblem('stage', event.data.stage) ??
        shareProblem(event.data.fraction)
      );
    case 'phase.planned':
      return attemptProblem(event.data.attempt) ?? workerProblem(event.data.worker);
    case 'phase.checkpointed':
      return (
        attemptProblem(event.data.attempt) ?? workerProblem(event.data.worker) ?? artifactsProblem(event.data.artifacts)
      );
    case 'phase.noted':
      return attemptProblem(event.data.attempt) ?? workerProblem(event.data.worker) ?? errorProblem(event.data);
    case 'phase.released':
      return (
        attemptProblem(event.data.attempt) ??
        workerProblem(event.data.worker) ??
        (event.data.error === undefined ? undefined : errorProblem(event.data.error))
      );
    case 'phase.completed':
      return (
        attemptProblem(event.data.attempt) ??
        workerProblem(event.data.worker) ??
        textProblem('degraded', event.data.degraded) ??
        artifactsProblem(event.data.artifacts)
      );
    case 'run.completed':
      return artifactsProblem(event.data.artifacts);
    case 'phase.failed':
      return errorProblem(event.data.error);
    case 'run.failed':
      return isId(event.data.phase) ? errorProblem(event.data.error) : 'its phase is no name of a phase';
    case 'run.paused':
      return textProblem('pausedBy', event.data.pausedBy) ?? textProblem('reason', event.data.reason);
    case 'run.resumed':
      return textProblem('resumedBy', event.data.resumedBy);
    case 'run.retried':
      return event.data.phase === event.next
        ? textProblem('retriedBy', event.data.retriedBy)
        : 'its phase is not the next';
    case 'run.cancelled':
      return textProblem('cancelledBy', event.data.cancelledBy) ?? textProblem('reason', event.data.reason);
  }
}

function attemptProblem(attempt: number): string | undefined {
  return attempt >= 1 ? undefined : 'attempts count from 1';
}

function workerProblem(worker: string): string | undefined {
  return isId(worker) ? undefined : 'its worker is no id of a-z and 0-9';
}

function shareProblem(fraction: number): string | undefined {
  return fraction >= 0 && fraction <= 1 ? undefined : 'its fraction is not between 0 and 1';
}

function textProblem(field: string, text: string): string | undefined {
  return text.length <= MAX_TEXT_LENGTH ? undefined : `its ${field} is over ${MAX_TEXT_LENGTH} characters`;
}

function errorProblem(error: Pick<ErrorInfo, 'code' | 'message'> | undefined): string | undefined {
  if (error === undefined || !/^[A-Z][A-Z_]{0,63}$/.test(error.code)) return 'it names no error code';
  return textProblem('error message', error.message);
}

function artifactsProblem(artifacts: ArtifactRef[]): string | undefined {
  if (artifacts.length > MAX_EVENT_ARTIFACTS) return `it names over ${MAX_EVENT_ARTIFACTS} artifacts`;
  for (const { id, kind, role } of artifacts) {
    if (!isDigest(id as unknown)) return `"${id.slice(0, 80)}" is no artifact id (64 hexadecimal digits)`;
    if (!ARTIFACT_KINDS.some((known) => known === kind)) return `"${kind.slice(0, 80)}" is no kind of artifact`;
    if (!ROLE.test(role)) return `"${role.slice(0, 80)}" is no role of an artifact`;
  }
  return undefined;
}
