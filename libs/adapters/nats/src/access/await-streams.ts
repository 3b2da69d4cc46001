import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { isMissing } from '../errors.js';
import { insist, SEND_TIMEOUT_MS } from '../insist.js';
import { ensureStreams } from '../streams.js';
import { streamsOf } from './permissions.js';

/** Who makes the streams: every service at its start, or an administrator, for whom services wait. */
export type StreamsMode = 'ensure' | 'await';

const WAIT_MS = 60_000;
const POLL_MS = 100;

/**
 * Has the streams of a service in place.
 * @param service `gateway`, `auth`, or the name of a phase
 * @param replicas copies of each message, of streams that are made here
 * @throws ForgeError BROKER_UNAVAILABLE, also when nobody has made them after a minute
 */
export async function prepareStreams(
  connection: NatsConnection,
  service: string,
  mode: StreamsMode,
  replicas: number,
): Promise<void> {
  if (mode === 'ensure') return void (await ensureStreams(connection, replicas));
  const manager = await insist(connection, 'look for the streams', () =>
    jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS }),
  );
  const deadline = Date.now() + WAIT_MS;
  for (const stream of streamsOf(service)) await awaitStream(connection, manager, stream, deadline);
}

async function awaitStream(connection: NatsConnection, manager: JetStreamManager, name: string, deadline: number) {
  const isThere = () =>
    insist(connection, `look for stream ${name}`, () =>
      manager.streams.info(name).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw error;
        },
      ),
    );
  while (!(await isThere())) {
    if (Date.now() > deadline)
      throw new ForgeError(
        'BROKER_UNAVAILABLE',
        `the broker has no stream ${name}, and FORGE_STREAMS=await leaves it to an administrator to make it: forge broker prepare`,
      );
    await sleep(POLL_MS);
  }
}
