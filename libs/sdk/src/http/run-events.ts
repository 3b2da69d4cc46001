import { decodeEvent, ForgeError, logSubject, progressSubject, type ForgeEvent } from '@agent-forge/contracts';

/**
 * An event out of the CloudEvents JSON that the gateway passes on; the subject that it had on the broker follows from the envelope.
 * @throws ForgeError INVALID_EVENT when it does not follow its contract
 */
export function parseEvent(json: string): ForgeEvent {
  const { subject, type, next } = parseJson(json);
  const [tenant, run, phase] = String(subject).split('/') as [string, string, string];
  const event = String(type).split('.')[2] ?? '';
  const address = { tenant, run, phase, event };
  const isProgress = type === 'agentforge.phase.progress.v1';
  try {
    const place = isProgress ? progressSubject(address) : logSubject({ ...address, next: String(next) });
    return decodeEvent(place, new TextEncoder().encode(json));
  } catch (error) {
    throw new ForgeError(
      'INVALID_EVENT',
      `an event of the stream is refused: ${ForgeError.from(error).message}`,
      error,
    );
  }
}

function parseJson(json: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(json)) as Record<string, unknown>;
  } catch (error) {
    throw new ForgeError('INVALID_EVENT', 'an event of the stream is not JSON', error);
  }
}
