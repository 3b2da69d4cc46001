import { send, type Connection } from '../http/connection.js';

/**
 * A service's figures in Prometheus' text format.
 * @throws ForgeError FORBIDDEN, and those of every request
 */
export async function getMetrics(connection: Connection): Promise<string> {
  return (await send(connection, { path: '/metrics' })).text();
}
