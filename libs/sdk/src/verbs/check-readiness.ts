import { send, type Way } from '../http/connection.js';

/**
 * Whether a service can take work: its broker, its store and its disk are there. No token is needed.
 * @throws ForgeError that of what is missing, or BROKER_UNAVAILABLE
 */
export async function checkReadiness(service: Way): Promise<void> {
  await send(service, { path: '/ready' });
}
