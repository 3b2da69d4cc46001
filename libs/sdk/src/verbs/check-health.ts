import { send, type Way } from '../http/connection.js';

/**
 * Whether a service is alive, gateway or auth; no token is needed.
 * @throws ForgeError BROKER_UNAVAILABLE when it is not
 */
export async function checkHealth(service: Way): Promise<void> {
  await send(service, { path: '/health' });
}
