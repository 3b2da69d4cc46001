import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { brokerError, isSilence } from './errors.js';

/** An answer takes milliseconds; one that was lost in a broker's crash is not worth more waiting. */
export const SEND_TIMEOUT_MS = 2_000;
/** With the waits between them about half a minute: longer than a broker's restart. */
const MAX_SENDS = 6;
const FIRST_WAIT_MS = 100;

/**
 * Sends a request again, with growing waits, while the broker is silent. The request must do no harm when it is done twice.
 * @param doing what is attempted, for the message: "cannot <doing>"
 * @throws ForgeError BROKER_UNAVAILABLE when it stays silent; other errors of the broker at once
 */
export async function insist<T>(connection: NatsConnection, doing: string, send: () => Promise<T>): Promise<T> {
  for (let sends = 1; ; sends++) {
    try {
      return await send();
    } catch (error) {
      const worthIt = isSilence(error) || (error instanceof ForgeError && error.retry === 'transient');
      if (!worthIt || sends >= MAX_SENDS || connection.isClosed()) throw brokerError(error, doing);
      await sleep(FIRST_WAIT_MS * 2 ** sends);
    }
  }
}
