import type { TenantChange, TenantView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * Stops a tenant, so that nobody of it gets in, or lets it in again.
 * @param auth a connection to the auth service
 * @throws ForgeError NOT_FOUND, FORBIDDEN, and those of every request
 */
export function changeTenant(auth: Connection, tenant: string, change: TenantChange): Promise<TenantView> {
  return sendForJson(auth, { method: 'PATCH', path: `/v1/tenants/${encodeURIComponent(tenant)}`, json: change });
}
