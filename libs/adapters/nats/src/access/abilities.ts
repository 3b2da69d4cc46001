import { AUDIT_SUBJECT } from '@agent-forge/contracts';
import { ARTIFACT_BUCKET, AUDIT_STREAM } from '../stream-names.js';

// What a client of JetStream publishes to make use of an ability (NATS JetStream wire API reference, and ADR-31 for direct gets).

/** The stream in which a key-value bucket lies. */
export function streamOfBucket(bucket: string): string {
  return `KV_${bucket}`;
}

/** Reads messages of a stream. Which ones stands in the request, where the broker's permissions do not look. */
export function read(stream: string): string[] {
  const gets = ['STREAM.MSG.GET', 'DIRECT.GET'].map((call) => `$JS.API.${call}.${stream}`);
  return [...gets, `$JS.API.DIRECT.GET.${stream}.>`];
}

/**
 * Makes consumers of a stream, for some of its subjects, and takes from them. Names of consumers are one token, so that who may take from one
 * may take from every one.
 */
export function follow(stream: string, filter = '>'): string[] {
  const calls = ['CONSUMER.INFO', 'CONSUMER.DELETE', 'CONSUMER.MSG.NEXT'];
  const create = `$JS.API.CONSUMER.CREATE.${stream}`;
  // Of a consumer with several filters the subject names none, and of one without a name not even that.
  const unfiltered = filter === '>' ? [create, `${create}.*`] : [];
  return [
    ...unfiltered,
    `${create}.*.${filter}`,
    ...calls.map((call) => `$JS.API.${call}.${stream}.*`),
    `$JS.ACK.${stream}.>`,
    `$JS.FC.${stream}.>`,
  ];
}

/** Reads and watches a key-value bucket. */
export function readBucket(bucket: string): string[] {
  const stream = streamOfBucket(bucket);
  return [...read(stream), ...follow(stream)];
}

/** Reads a key-value bucket and writes into it. */
export function changeBucket(bucket: string): string[] {
  return [`$KV.${bucket}.>`, ...readBucket(bucket)];
}

/** Appends to the audit log, which nobody can take from, and reads it. */
export const keepAudit = [AUDIT_SUBJECT, ...read(AUDIT_STREAM)];

/** Puts and gets artifacts in JetStream's object store (NATS ADR-20), and makes it when there is none. */
export const storeArtifacts = ['STREAM.CREATE', 'STREAM.INFO', 'STREAM.PURGE']
  .map((call) => `$JS.API.${call}.OBJ_${ARTIFACT_BUCKET}`)
  .concat(`$O.${ARTIFACT_BUCKET}.>`, read(`OBJ_${ARTIFACT_BUCKET}`), follow(`OBJ_${ARTIFACT_BUCKET}`));
