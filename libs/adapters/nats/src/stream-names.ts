/** The run log: kept for good. */
export const LOG_STREAM = 'FORGE_EVENTS';
/** Progress of attempts: for whoever watches now. */
export const PROGRESS_STREAM = 'FORGE_PROGRESS';
/** Messages that no consumer could handle, with their cause. */
export const DEAD_STREAM = 'FORGE_DEAD';
/** Tasks that wait for a replica that is free. */
export const TASK_STREAM = 'FORGE_TASKS';
/** The audit log: one chain of records, kept for good. */
export const AUDIT_STREAM = 'FORGE_AUDIT';
/** Deliveries to webhooks that are still to be made. */
export const DELIVERY_STREAM = 'FORGE_DELIVERIES';
/** Key-value bucket of webhooks with their secrets. */
export const WEBHOOK_BUCKET = 'FORGE_WEBHOOKS';
/** Key-value bucket of what came of deliveries. */
export const DELIVERY_BUCKET = 'FORGE_DELIVERY_LOG';
/** Key-value bucket of users, clients and API keys, which only auth reads. */
export const IDENTITY_BUCKET = 'FORGE_IDENTITIES';
/** Key-value bucket of tenants, which whoever lets somebody in reads. */
export const TENANT_BUCKET = 'FORGE_TENANTS';
/** Key-value bucket of sessions, which refresh tokens continue. */
export const SESSION_BUCKET = 'FORGE_SESSIONS';
/** Key-value bucket of failed logins. */
export const ATTEMPT_BUCKET = 'FORGE_LOGIN_ATTEMPTS';
/** Key-value bucket of what is revoked before its end. */
export const REVOCATION_BUCKET = 'FORGE_REVOCATIONS';
/** Key-value bucket of which tenant has uploaded which artifact. */
export const UPLOAD_BUCKET = 'FORGE_UPLOADS';
/** Key-value bucket of the tenants for which phases have queues. */
export const QUEUE_BUCKET = 'FORGE_QUEUES';
/** Key-value bucket of the first answers to requests with an Idempotency-Key. */
export const ANSWER_BUCKET = 'FORGE_ANSWERS';
/** Key-value bucket of what came of tasks. */
export const RESULT_BUCKET = 'FORGE_RESULTS';
/** Key-value bucket of where tasks in work are to go on. */
export const TASK_CHECKPOINT_BUCKET = 'FORGE_TASK_CHECKPOINTS';
/** The object store of artifacts, where they lie in JetStream. */
export const ARTIFACT_BUCKET = 'forge-artifacts';
