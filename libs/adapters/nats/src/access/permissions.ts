import { RUN_TOKEN } from '@agent-forge/contracts';
import * as may from './abilities.js';
import {
  ANSWER_BUCKET,
  ATTEMPT_BUCKET,
  AUDIT_STREAM,
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
} from '../stream-names.js';

/** What an identity may send and hear; whatever stands in neither list is refused by the broker. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Where answers to a service come; nobody else can listen there. */
export function inboxPrefix(service: string): string {
  return `_INBOX_${service}`;
}

/** The streams that a service uses, and waits for at its start. */
export function streamsOf(service: string): readonly string[] {
  if (service === 'auth') return AUTH_STREAMS;
  return service === 'gateway' ? GATEWAY_STREAMS : PHASE_STREAMS;
}

/** The least that a service needs: `gateway`, `auth`, or the name of a phase. */
export function permissionsOf(service: string): Permissions {
  const inbox = `${inboxPrefix(service)}.>`;
  const own = service === 'auth' ? auth() : service === 'gateway' ? gateway() : phase(service);
  const common = ['$JS.API.INFO', ...streamsOf(service).map((stream) => `$JS.API.STREAM.INFO.${stream}`)];
  return { publish: [...common, ...own.publish], subscribe: [inbox, ...own.subscribe] };
}

const AUTH_STREAMS = [
  AUDIT_STREAM,
  ...[IDENTITY_BUCKET, TENANT_BUCKET, SESSION_BUCKET, ATTEMPT_BUCKET, REVOCATION_BUCKET].map(may.streamOfBucket),
];

function auth(): Permissions {
  return {
    publish: [
      ...may.keepAudit,
      ...[IDENTITY_BUCKET, TENANT_BUCKET, SESSION_BUCKET, ATTEMPT_BUCKET, REVOCATION_BUCKET].flatMap(may.changeBucket),
    ],
    subscribe: [],
  };
}

const GATEWAY_STREAMS = [
  AUDIT_STREAM,
  LOG_STREAM,
  PROGRESS_STREAM,
  DELIVERY_STREAM,
  ...[
    TENANT_BUCKET,
    REVOCATION_BUCKET,
    UPLOAD_BUCKET,
    ANSWER_BUCKET,
    WEBHOOK_BUCKET,
    DELIVERY_BUCKET,
    QUEUE_BUCKET,
  ].map(may.streamOfBucket),
];
/** What the owner of a run decides; how it ends is the phases' to say. */
const OWNER_EVENTS = ['requested', 'cancelled', 'paused', 'resumed', 'retried'];

function gateway(): Permissions {
  return {
    publish: [
      ...OWNER_EVENTS.map((event) => `forge.events.*.*.${RUN_TOKEN}.${event}.*`),
      ...may.keepAudit,
      ...may.read(LOG_STREAM),
      ...may.follow(LOG_STREAM),
      ...may.read(PROGRESS_STREAM),
      ...may.follow(PROGRESS_STREAM),
      'forge.deliveries.*.*',
      ...may.follow(DELIVERY_STREAM),
      `$JS.API.STREAM.PURGE.${DELIVERY_STREAM}`,
      ...[UPLOAD_BUCKET, ANSWER_BUCKET, WEBHOOK_BUCKET, DELIVERY_BUCKET, QUEUE_BUCKET].flatMap(may.changeBucket),
      ...[TENANT_BUCKET, REVOCATION_BUCKET].flatMap(may.readBucket),
      ...may.storeArtifacts,
    ],
    subscribe: [],
  };
}

const PHASE_STREAMS = [
  LOG_STREAM,
  TASK_STREAM,
  ...[QUEUE_BUCKET, RESULT_BUCKET, TASK_CHECKPOINT_BUCKET].map(may.streamOfBucket),
];
/** Whoever comes upon the end of a run writes it down. */
const CLOSING_EVENTS = ['completed', 'failed'];

function phase(name: string): Permissions {
  const words = `forge.events.*.*.*.*.${name}`;
  const tasks = `forge.tasks.*.*.${name}.*`;
  return {
    publish: [
      `forge.events.*.*.${name}.*.*`,
      ...CLOSING_EVENTS.map((event) => `forge.events.*.*.${RUN_TOKEN}.${event}.none`),
      `forge.progress.*.*.${name}.*`,
      `forge.dead.*.*.phase${name}`,
      ...may.read(LOG_STREAM),
      ...may.follow(LOG_STREAM, words),
      tasks,
      ...may.read(TASK_STREAM),
      ...may.follow(TASK_STREAM, tasks),
      'forge.taskprogress.*',
      ...may.readBucket(QUEUE_BUCKET),
      ...[RESULT_BUCKET, TASK_CHECKPOINT_BUCKET].flatMap(may.changeBucket),
      ...may.storeArtifacts,
    ],
    subscribe: [words, 'forge.taskprogress.*'],
  };
}
