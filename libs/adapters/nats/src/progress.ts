import { headers, type NatsConnection } from '@nats-io/transport-node';
import { CONTENT_TYPE, encodeEvent, eventSubject, makeEvent, type EventInit } from '@agent-forge/contracts';

/** Where progress belongs. */
export interface ProgressAddress {
  tenant: string;
  run: string;
  phase: string;
  source: string;
}

/**
 * Publishes how far an attempt is. Nobody waits for it: progress that is lost while the broker is away is not missed.
 * @param serial makes the event's id unique inside the attempt
 */
export function publishProgress(
  connection: NatsConnection,
  address: ProgressAddress,
  serial: number,
  data: EventInit<'phase.progress'>,
): void {
  const id = `${address.tenant}/${address.run}/${address.phase}/progress/${data.attempt ?? 0}/${serial}`;
  const event = makeEvent({ name: 'phase.progress', ...address, id, time: new Date().toISOString(), data });
  const fields = headers();
  fields.set('content-type', CONTENT_TYPE);
  if (!connection.isClosed()) connection.publish(eventSubject(event), encodeEvent(event), { headers: fields });
}
