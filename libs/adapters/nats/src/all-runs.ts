import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { decodeEvent, LOG_SUBJECTS, type ForgeEvent } from '@agent-forge/contracts';
import { evolve, type RunState } from '@agent-forge/run';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { readBatch } from './read-batch.js';
import { LOG_STREAM } from './stream-names.js';

/** Every run there is, and what could not be understood. */
export interface AllRuns {
  readonly runs: readonly RunState[];
  /** Every SHA-256 that stands in a message which is no event that this version knows: it may be of a newer one. */
  readonly strayDigests: readonly string[];
}

const DIGESTS = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;

/**
 * Folds the runs of all tenants out of the whole log, to its end.
 * @throws ForgeError BROKER_UNAVAILABLE
 */
export async function loadAllRuns(connection: NatsConnection): Promise<AllRuns> {
  const manager = await jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS });
  const runs = new Map<string, RunState>();
  const strayDigests = new Set<string>();
  for (let seq = 1, isLast = false; !isLast;) {
    const from = { seq, next_by_subj: LOG_SUBJECTS };
    const batch = await insist(connection, 'read the run log', () =>
      readBatch(manager, LOG_STREAM, from, SEND_TIMEOUT_MS),
    );
    for (const { subject, data, seq: sequence } of batch.messages) {
      seq = sequence + 1;
      const event = decodeOrNone(subject, data);
      if (event === undefined) {
        for (const [digest] of Buffer.from(data).toString('latin1').matchAll(DIGESTS)) strayDigests.add(digest);
      } else if (event.name !== 'phase.progress') {
        const key = `${event.tenant}/${event.run}`;
        const state = evolve(runs.get(key), event, sequence);
        if (state) runs.set(key, state);
      }
    }
    ({ isLast } = batch);
  }
  return { runs: [...runs.values()], strayDigests: [...strayDigests] };
}

function decodeOrNone(subject: string, data: Uint8Array): ForgeEvent | undefined {
  try {
    return decodeEvent(subject, data);
  } catch {
    return undefined;
  }
}
