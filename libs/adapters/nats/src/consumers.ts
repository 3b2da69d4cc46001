import { AckPolicy, DeliverPolicy, jetstreamManager, type ConsumerConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { phaseFilter } from '@agent-forge/contracts';
import { isMissing } from './errors.js';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import { LOG_STREAM } from './stream-names.js';

/** A message whose worker is not heard of for this long is delivered again. */
export const ACK_WAIT_MS = 10_000;
/** Workers say that they are alive three times in that time, so that one lost heartbeat does no harm. */
export const HEARTBEAT_MS = 3_000;
/** Messages in work at the same time, over all replicas of a phase. */
const MAX_ACK_PENDING = 1_000;

/** The name of a phase's durable consumer of one tenant's runs. */
export function phaseConsumerName(phase: string, tenant: string): string {
  return `phase-${phase}-${tenant}`;
}

/**
 * Creates the durable consumer of a phase for one tenant, or brings it up to date: events of the tenant's run logs whose next token is the phase. Deliveries
 * are unlimited, because attempts are counted in the log, where subscribers see them.
 * @returns its name
 * @throws ForgeError BROKER_UNAVAILABLE
 */
export async function ensurePhaseConsumer(connection: NatsConnection, phase: string, tenant: string): Promise<string> {
  const name = phaseConsumerName(phase, tenant);
  const config: Partial<ConsumerConfig> = {
    durable_name: name,
    filter_subject: phaseFilter(phase, tenant),
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: nanos(ACK_WAIT_MS),
    max_deliver: -1,
    max_ack_pending: MAX_ACK_PENDING,
  };
  return insist(connection, `create the consumer of ${phase}`, async () => {
    const { consumers } = await jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS });
    const exists = await consumers.info(LOG_STREAM, name).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false;
        throw error;
      },
    );
    if (exists) await consumers.update(LOG_STREAM, name, config);
    else await consumers.add(LOG_STREAM, config);
    return name;
  });
}
