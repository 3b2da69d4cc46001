import type { RunView } from '@agent-forge/contracts';
import { getRun, watchRun, type Connection } from '@agent-forge/sdk';
import { PhaseLines } from './phase-lines.js';
import type { ProgressBoard } from '../terminal/progress-board.js';

/** Shows a run, one line for each phase, until it has ended. */
export async function follow(
  connection: Connection,
  id: string,
  board: ProgressBoard,
  signal: AbortSignal,
): Promise<RunView> {
  const { phases } = await getRun(connection, id);
  const lines = new PhaseLines(phases.map(({ phase }) => phase));
  for (const { phase } of phases) board.update(phase, lines.waiting(phase));
  for await (const { event } of watchRun(connection, id, { signal })) {
    const line = lines.after(event);
    if (line) board.update(event.phase, line.text, line.matters);
    if (event.name === 'phase.noted') board.note(`${event.phase}: ${event.data.message}`);
  }
  return getRun(connection, id);
}
