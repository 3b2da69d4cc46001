import { JetStreamApiCodes, JetStreamApiError } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';

/** The API error of a full stream ("maximum bytes exceeded"), which the client has no name for. */
const STREAM_FULL = 10077;

/** Whether an append was refused because somebody else appended first. */
export function isSequenceConflict(error: unknown): boolean {
  const { StreamWrongLastSequence, StreamWrongLastSequenceUnknown } = JetStreamApiCodes;
  return isApiError(error, StreamWrongLastSequence) || isApiError(error, StreamWrongLastSequenceUnknown);
}

/** Whether a stream or consumer was asked for that does not exist. */
export function isMissing(error: unknown): boolean {
  return isApiError(error, JetStreamApiCodes.StreamNotFound) || isApiError(error, JetStreamApiCodes.ConsumerNotFound);
}

/** Whether there is no message where one was asked for. */
export function isMessageMissing(error: unknown): boolean {
  return isApiError(error, JetStreamApiCodes.NoMessageFound);
}

function isApiError(error: unknown, code: number): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}

/** Whether the broker did not answer, so that nobody knows whether the request was done. */
export function isSilence(error: unknown): boolean {
  return (
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoRespondersError ||
    (error instanceof errors.RequestError && !isRefusal(error))
  );
}

/** Whether the broker does not let us do it. */
function isRefusal(error: unknown): boolean {
  const causes = [error, error instanceof Error ? error.cause : undefined];
  return causes.some(
    (each) => each instanceof errors.AuthorizationError || each instanceof errors.PermissionViolationError,
  );
}

/**
 * What an error of the client means for us.
 * @param doing what was attempted, for the message: "cannot <doing>"
 */
export function brokerError(error: unknown, doing: string): ForgeError {
  if (error instanceof ForgeError) return error;
  const said = error instanceof Error ? error.message : String(error);
  if (isRefusal(error)) {
    return new ForgeError(
      'UNAUTHENTICATED',
      `cannot ${doing}: the broker refuses the user or its permissions (${said})`,
      error,
    );
  }
  if (isApiError(error, STREAM_FULL)) {
    return new ForgeError(
      'STORE_UNAVAILABLE',
      `cannot ${doing}: the stream is full; raise its limit or make room`,
      error,
    );
  }
  return new ForgeError('BROKER_UNAVAILABLE', `cannot ${doing}: ${said}`, error);
}
