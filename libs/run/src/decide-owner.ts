import { ForgeError, NOBODY, RUN_TOKEN, type EventInit } from '@agent-forge/contracts';
import type { Command, Decision } from './decide.js';
import { currentPhase, hasEnded, type RunState } from './state.js';

/** The commands of a run's owner. */
type OwnerCommand = Command & { do: 'cancel' | 'pause' | 'resume' | 'retry' };
type OwnerEvent = 'run.cancelled' | 'run.paused' | 'run.resumed' | 'run.retried';

/**
 * What the owner's command does to a run; asking twice for the same does nothing the second time.
 * @throws ForgeError RUN_CONFLICT when it makes no sense in this state
 */
export function decideOwner(state: RunState, command: OwnerCommand): Decision {
  if (command.do === 'retry') return retry(state, command);
  const wanted = { cancel: 'cancelled', pause: 'paused', resume: 'running' }[command.do];
  if (state.status === wanted) return { nothing: `the run is ${wanted} already` };
  if (hasEnded(state)) throw conflict(state, `there is nothing to ${command.do}`);
  if (command.do === 'cancel') {
    const { cancelledBy, reason } = command;
    return append(state, 'run.cancelled', NOBODY, { cancelledBy, reason });
  }
  if (command.do === 'pause') {
    const { pausedBy, reason } = command;
    return append(state, 'run.paused', NOBODY, { pausedBy, reason });
  }
  const next = currentPhase(state);
  // All phases are done, and what is left is to close the run, which needs no worker.
  if (next === undefined) return { nothing: 'nothing is left to resume' };
  return append(state, 'run.resumed', next.phase, { resumedBy: command.resumedBy });
}

function retry(state: RunState, { phase, params, retriedBy }: Command & { do: 'retry' }): Decision {
  const at = state.phases.findIndex((candidate) => candidate.phase === phase);
  if (at < 0) {
    const known = state.phases.map((candidate) => candidate.phase).join(', ');
    throw new ForgeError('RUN_CONFLICT', `run ${state.run} has no phase "${phase.slice(0, 80)}"; it has ${known}`);
  }
  const before = state.phases.slice(0, at).find(({ status }) => status !== 'completed');
  if (before) throw conflict(state, `${phase} cannot be tried again before ${before.phase} is completed`);
  return append(state, 'run.retried', phase, { phase, params, retriedBy });
}

/** The same command may come again later in the run, so the id names the state that it was decided on. */
function append(state: RunState, name: OwnerEvent, next: string, data: EventInit<OwnerEvent>): Decision {
  const id = `${name.slice('run.'.length)}/${state.sequence}`;
  return { append: { name, id, phase: RUN_TOKEN, next, data } };
}

function conflict(state: RunState, what: string): ForgeError {
  return new ForgeError('RUN_CONFLICT', `run ${state.run} is ${state.status}: ${what}`);
}
