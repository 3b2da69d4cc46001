import type { NatsConnection } from '@nats-io/transport-node';
import {
  ATTEMPT_BUCKET,
  IDENTITY_BUCKET,
  NatsRecords,
  SESSION_BUCKET,
  TENANT_BUCKET,
  type Revocations,
} from '@agent-forge/nats';
import { LoginAttempts } from '../login/login-attempts.js';
import { Logins } from '../login/logins.js';
import { PasswordHasher } from '../secrets/password-hasher.js';
import type { ServiceSecret } from '../secrets/service-secret.js';
import { Sessions } from '../sessions/sessions.js';
import { Administration } from './administration.js';
import { ApiKeys } from './api-keys.js';
import { Principals } from './principals.js';
import { Tenants } from './tenants.js';

/** All that is known of who may get in. */
export interface Identities {
  readonly principals: Principals;
  readonly tenants: Tenants;
  readonly keys: ApiKeys;
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly administration: Administration;
}

/** Opens them on the broker; the buckets exist. @throws ForgeError BROKER_UNAVAILABLE */
export async function openIdentities(
  connection: NatsConnection,
  revocations: Revocations,
  secret: ServiceSecret,
): Promise<Identities> {
  const open = (bucket: string) => NatsRecords.open(connection, bucket);
  const buckets = [IDENTITY_BUCKET, TENANT_BUCKET, ATTEMPT_BUCKET, SESSION_BUCKET];
  const [identities, known, attempts, opened] = await Promise.all(buckets.map(open));
  const passwords = new PasswordHasher();
  const principals = new Principals(identities!, revocations);
  const tenants = new Tenants(known!, revocations);
  const keys = new ApiKeys(identities!, revocations);
  const logins = new Logins(principals, new LoginAttempts(attempts!), passwords, secret);
  const sessions = new Sessions(opened!, revocations, principals, secret);
  const administration = new Administration(principals, tenants, keys, passwords);
  return { principals, tenants, keys, logins, sessions, administration };
}
