import { cancelRun, listRuns, type Connection } from '@agent-forge/sdk';
import { DEMO_NAME } from './recipe.js';

/**
 * Cancels runs that a demo left behind when it was killed; they would be worked on first.
 * @returns how many
 */
export async function cancelLeftovers(connection: Connection): Promise<number> {
  let cancelled = 0;
  for await (const { id, name, status } of listRuns(connection)) {
    if (name !== DEMO_NAME || status !== 'running') continue;
    await cancelRun(connection, id, 'its demo is gone');
    cancelled += 1;
  }
  return cancelled;
}
