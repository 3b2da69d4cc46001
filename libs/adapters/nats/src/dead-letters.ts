import { jetstream } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { deadSubject, ForgeError, isId } from '@agent-forge/contracts';
import { brokerError } from './errors.js';
import type { Delivered } from './queue/delivered.js';

/** Headers carry one line of readable text; longer causes are cut. */
const MAX_CAUSE_LENGTH = 500;

/** The headers of a dead letter. */
export const DEAD_HEADERS = {
  subject: 'Forge-Subject',
  sequence: 'Forge-Sequence',
  deliveries: 'Forge-Deliveries',
  code: 'Forge-Code',
  cause: 'Forge-Cause',
} as const;

/**
 * Keeps a copy of a message that a consumer cannot handle, with where it came from and why. The message id is its place in the stream, so
 * that a second copy is dropped.
 * @throws ForgeError BROKER_UNAVAILABLE
 */
export async function keepDeadLetter(
  connection: NatsConnection,
  consumer: string,
  message: Delivered,
  cause: ForgeError,
): Promise<void> {
  const [tenant = '', run = ''] = message.subject.split('.').slice(2, 4);
  const name = consumer.replaceAll(/[^a-z0-9]/g, '');
  const fields = headers();
  fields.set(DEAD_HEADERS.subject, message.subject);
  fields.set(DEAD_HEADERS.sequence, String(message.seq));
  fields.set(DEAD_HEADERS.deliveries, String(message.deliveryCount));
  fields.set(DEAD_HEADERS.code, cause.code);
  fields.set(DEAD_HEADERS.cause, cause.message.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, MAX_CAUSE_LENGTH));
  try {
    const subject = deadSubject(isId(tenant) ? tenant : 'unknown', isId(run) ? run : 'unknown', name);
    await jetstream(connection).publish(subject, message.data, { headers: fields, msgID: `${name}/${message.seq}` });
  } catch (error) {
    throw brokerError(error, 'keep a dead letter');
  }
}
