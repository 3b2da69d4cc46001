import type { TenantRequest, TenantView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Makes a tenant; for admins of the first one.
 * @param auth a connection to the auth service
 * @throws ForgeError INVALID_ARGUMENT for a name that is taken, FORBIDDEN, and those of every request
 */
export function createTenant(auth: Connection, request: TenantRequest): Promise<TenantView> {
  return sendForJson(auth, { method: 'POST', path: '/v1/tenants', json: request, isOnce: true });
}
