import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { LOG_STREAM } from './stream-names.js';

/** Asks where the run log ends. */
export class LogEnd {
  #manager: JetStreamManager | undefined;

  constructor(private readonly connection: NatsConnection) {}

  /** @returns the sequence of the last event; 0 where there is none @throws ForgeError BROKER_UNAVAILABLE */
  sequence(): Promise<number> {
    return insist(this.connection, 'look at the end of the log', async () => {
      this.#manager ??= await jetstreamManager(this.connection, { timeout: SEND_TIMEOUT_MS });
      return (await this.#manager.streams.info(LOG_STREAM)).state.last_seq;
    });
  }
}
