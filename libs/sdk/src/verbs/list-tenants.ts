import type { TenantList, TenantView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * All tenants for admins of the first one; for others their own.
 * @param auth a connection to the auth service
 * @throws ForgeError those of every request
 */
export async function listTenants(auth: Connection): Promise<TenantView[]> {
  return (await sendForJson<TenantList>(auth, { path: '/v1/tenants' })).tenants;
}
