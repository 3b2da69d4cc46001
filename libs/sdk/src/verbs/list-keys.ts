import type { KeyList, KeyView } from '@agent-forge/contracts';
import { sendForJson, type Connection } from '../http/connection.js';

/**
 * The caller's API keys, oldest first.
 * @param auth a connection to the auth service
 * @param all those of the whole tenant instead, for admins
 * @throws ForgeError those of every request
 */
export async function listKeys(auth: Connection, all = false): Promise<KeyView[]> {
  return (await sendForJson<KeyList>(auth, { path: '/v1/keys', query: { all: String(all) } })).keys;
}
