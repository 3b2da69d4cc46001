import {
  DiscardPolicy,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamConfig,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import {
  AUDIT_SUBJECT,
  DEAD_SUBJECTS,
  ForgeError,
  LOG_SUBJECTS,
  MAX_EVENT_BYTES,
  PROGRESS_SUBJECTS,
} from '@agent-forge/contracts';
import { isMissing } from './errors.js';
import { insist, SEND_TIMEOUT_MS } from './insist.js';
import {
  ANSWER_BUCKET,
  ATTEMPT_BUCKET,
  AUDIT_STREAM,
  DEAD_STREAM,
  DELIVERY_BUCKET,
  DELIVERY_STREAM,
  IDENTITY_BUCKET,
  LOG_STREAM,
  PROGRESS_STREAM,
  QUEUE_BUCKET,
  RESULT_BUCKET,
  REVOCATION_BUCKET,
  SESSION_BUCKET,
  TASK_CHECKPOINT_BUCKET,
  TASK_STREAM,
  TENANT_BUCKET,
  UPLOAD_BUCKET,
  WEBHOOK_BUCKET,
} from './stream-names.js';
import { TASK_SUBJECTS } from './tasks/task.js';
import { DELIVERY_SUBJECTS } from './webhooks/webhook.js';

const MIB = 1024 * 1024;
const HOUR_MS = 3_600_000;
/** About a million events. When it is full the broker refuses appends with a clear error, long before the disk is full. */
const LOG_MAX_BYTES = 512 * MIB;
const PROGRESS_MAX_BYTES = 32 * MIB;
const DEAD_MAX_BYTES = 64 * MIB;
const TASK_MAX_BYTES = 64 * MIB;
/** About a million events. A full one refuses, and with it every change of state, rather than forget the oldest. */
const AUDIT_MAX_BYTES = 512 * MIB;
/** Some hundred thousand that wait, and as many in the log. */
const DELIVERY_MAX_BYTES = 64 * MIB;
const WEBHOOK_MAX_BYTES = 16 * MIB;
/** Whoever wants to know what became of a delivery looks within days. */
const DELIVERY_MAX_AGE_MS = 7 * 24 * HOUR_MS;
/** About 30,000 identities, and as many sessions. */
const IDENTITY_MAX_BYTES = 32 * MIB;
/** A session ends after this time, however often it was continued. */
export const SESSION_MAX_AGE_MS = 30 * 24 * HOUR_MS;
/** Some hundred thousand uploads. */
const UPLOAD_MAX_BYTES = 64 * MIB;
const ATTEMPT_MAX_BYTES = 4 * MIB;
/** Failed logins are forgotten after this time without another. */
export const ATTEMPT_MAX_AGE_MS = HOUR_MS;
const REVOCATION_MAX_BYTES = 16 * MIB;
/** Longer than any access token lasts. */
export const REVOCATION_MAX_AGE_MS = HOUR_MS;
/** Tens of thousands of tenants. */
const QUEUE_MAX_BYTES = 4 * MIB;
/** Some ten thousand answers. A full bucket forgets the oldest: a repeated request comes within minutes, and none is refused for lack of room. */
const ANSWER_MAX_BYTES = 64 * MIB;
/** A request that is repeated later is a new one. */
const ANSWER_MAX_AGE_MS = 24 * HOUR_MS;
/** A record of as many events as one may have. */
export const MAX_AUDIT_RECORD_BYTES = 256 * 1024;
const RESULT_MAX_BYTES = 256 * MIB;
/** A result that nobody asked for in this time is computed again when somebody does. */
const RESULT_MAX_AGE_MS = 90 * 24 * 3_600_000;
/** Time in which a repeated append is recognised by its message id; compare-and-set guards the time after. */
const DUPLICATE_WINDOW_MS = 120_000;
/** An event, and its headers and subject besides. */
const MAX_MESSAGE_BYTES = MAX_EVENT_BYTES + 8 * 1024;
/** What a person who opens the page of a run wants to see of its past progress. */
const PROGRESS_PER_RUN_AND_PHASE = 1_000;

type Config = Partial<StreamConfig> & { name: string };

/** The streams, as they are created and as old ones are brought up to date. */
function streamConfigs(replicas: number): Config[] {
  const common = { retention: RetentionPolicy.Limits, num_replicas: replicas, allow_direct: true };
  return [
    {
      ...common,
      name: LOG_STREAM,
      subjects: [LOG_SUBJECTS],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: LOG_MAX_BYTES,
      max_msg_size: MAX_MESSAGE_BYTES,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      deny_delete: true,
    },
    {
      ...common,
      name: PROGRESS_STREAM,
      subjects: [PROGRESS_SUBJECTS],
      // On disk all the same: a memory stream would be forgotten, itself and not only its messages, when a single server restarts.
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: PROGRESS_MAX_BYTES,
      max_age: nanos(HOUR_MS),
      max_msgs_per_subject: PROGRESS_PER_RUN_AND_PHASE,
      max_msg_size: MAX_MESSAGE_BYTES,
    },
    {
      ...common,
      name: DEAD_STREAM,
      subjects: [DEAD_SUBJECTS],
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: DEAD_MAX_BYTES,
      max_age: nanos(30 * 24 * HOUR_MS),
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    },
    {
      ...common,
      name: TASK_STREAM,
      subjects: [TASK_SUBJECTS],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: TASK_MAX_BYTES,
      max_msg_size: MAX_MESSAGE_BYTES,
    },
    {
      ...common,
      name: AUDIT_STREAM,
      subjects: [AUDIT_SUBJECT],
      storage: StorageType.File,
      discard: DiscardPolicy.New,
      max_bytes: AUDIT_MAX_BYTES,
      max_msg_size: MAX_AUDIT_RECORD_BYTES,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
      deny_delete: true,
      deny_purge: true,
    },
    {
      ...common,
      name: DELIVERY_STREAM,
      subjects: [DELIVERY_SUBJECTS],
      retention: RetentionPolicy.Workqueue,
      storage: StorageType.File,
      // What waits longest is dropped before one tenant's dead target keeps the events of all others from being queued.
      discard: DiscardPolicy.Old,
      max_bytes: DELIVERY_MAX_BYTES,
      max_age: nanos(DELIVERY_MAX_AGE_MS),
      max_msg_size: MAX_MESSAGE_BYTES,
      duplicate_window: nanos(DUPLICATE_WINDOW_MS),
    },
    {
      ...common,
      // A bucket in all but one: those that the library makes refuse when they are full.
      name: `KV_${ANSWER_BUCKET}`,
      subjects: [`$KV.${ANSWER_BUCKET}.>`],
      storage: StorageType.File,
      discard: DiscardPolicy.Old,
      max_bytes: ANSWER_MAX_BYTES,
      max_age: nanos(ANSWER_MAX_AGE_MS),
      max_msgs_per_subject: 1,
      allow_rollup_hdrs: true,
      deny_delete: true,
    },
  ];
}

/** Key-value buckets, whose other settings are the library's. */
const BUCKETS: Record<string, { max_bytes: number; ttl?: number }> = {
  [RESULT_BUCKET]: { max_bytes: RESULT_MAX_BYTES, ttl: RESULT_MAX_AGE_MS },
  [WEBHOOK_BUCKET]: { max_bytes: WEBHOOK_MAX_BYTES },
  [DELIVERY_BUCKET]: { max_bytes: DELIVERY_MAX_BYTES, ttl: DELIVERY_MAX_AGE_MS },
  [IDENTITY_BUCKET]: { max_bytes: IDENTITY_MAX_BYTES },
  [TENANT_BUCKET]: { max_bytes: IDENTITY_MAX_BYTES },
  [SESSION_BUCKET]: { max_bytes: IDENTITY_MAX_BYTES, ttl: SESSION_MAX_AGE_MS },
  [QUEUE_BUCKET]: { max_bytes: QUEUE_MAX_BYTES },
  [UPLOAD_BUCKET]: { max_bytes: UPLOAD_MAX_BYTES },
  [ATTEMPT_BUCKET]: { max_bytes: ATTEMPT_MAX_BYTES, ttl: ATTEMPT_MAX_AGE_MS },
  [REVOCATION_BUCKET]: { max_bytes: REVOCATION_MAX_BYTES, ttl: REVOCATION_MAX_AGE_MS },
  [TASK_CHECKPOINT_BUCKET]: { max_bytes: TASK_MAX_BYTES, ttl: RESULT_MAX_AGE_MS },
};

/**
 * Creates the streams, or brings them up to date; every service does it at its start, in any order and at the same time.
 * @param replicas copies of each message in a cluster; 1 for a single server
 * @returns their names, those of buckets too
 * @throws ForgeError BROKER_UNAVAILABLE; BROKER_MISSING when the broker is too old for a setting (it would ignore it in silence)
 */
export async function ensureStreams(connection: NatsConnection, replicas = 1): Promise<string[]> {
  return insist(connection, 'create the streams', async () => {
    const manager = await jetstreamManager(connection, { timeout: SEND_TIMEOUT_MS });
    const streams = streamConfigs(replicas);
    for (const config of streams) await ensureStream(manager, config);
    const kvm = new Kvm(connection);
    const common = { storage: StorageType.File, replicas, history: 1 };
    for (const [name, limits] of Object.entries(BUCKETS)) await kvm.create(name, { ...common, ...limits });
    return [...streams.map(({ name }) => name), ...Object.keys(BUCKETS).map((name) => `KV_${name}`)];
  });
}

async function ensureStream(manager: JetStreamManager, config: Config): Promise<void> {
  const present = await infoOf(manager, config.name);
  let made = present;
  if (present === undefined) made = (await manager.streams.add(config)).config;
  else if (difference(config, present)) made = (await manager.streams.update(config.name, config)).config;
  const ignored = difference(config, made!);
  if (ignored)
    throw new ForgeError(
      'BROKER_UNAVAILABLE',
      `the broker did not take ${ignored} of stream ${config.name}; it needs NATS 2.11 or newer`,
    );
}

async function infoOf(manager: JetStreamManager, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await manager.streams.info(name)).config;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The first setting that differs. */
function difference<T extends object>(wanted: T, present: object): string | undefined {
  const actual = present as Record<string, unknown>;
  return Object.entries(wanted).find(([key, value]) => JSON.stringify(actual[key]) !== JSON.stringify(value))?.[0];
}
