import { createHmac } from 'node:crypto';
import { inboxPrefix } from './permissions.js';

/** How a service logs in at the broker. */
export interface ServiceLogin {
  readonly user: string;
  readonly password: string;
  /** Where answers to it come. */
  readonly inbox: string;
}

/**
 * The login of a service, derived from the administrator's password: whoever knows that one can make all others, and none of them tells it
 * (HMAC-SHA-256, RFC 2104).
 */
export function loginOf(service: string, adminPassword: string): ServiceLogin {
  const password = createHmac('sha256', adminPassword).update(`agent-forge nats ${service}`).digest('hex');
  return { user: service, password, inbox: inboxPrefix(service) };
}
