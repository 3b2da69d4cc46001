import {
  ForgeError,
  MAX_TEXT_LENGTH,
  NOBODY,
  RUN_TOKEN,
  type ErrorInfo,
  type EventInit,
  type EventName,
  type Recipe,
  type ArtifactName,
} from '@agent-forge/contracts';
import { holds } from './evolve.js';
import { phaseAfter } from './recipe.js';
import { MAX_ATTEMPTS } from './retry.js';
import { currentPhase, phaseOf, type PhaseState, type RunState } from './state.js';

/** What somebody wants to happen to a run. */
export type Command =
  /** A caller asks for a run. */
  | { do: 'request'; recipe: Recipe; requestedBy: string }
  /** The owner ends it. */
  | { do: 'cancel'; cancelledBy: string; reason: string }
  /** A worker wants to work on a phase. */
  | { do: 'claim'; phase: string; worker: string }
  /** A worker has stored its result. */
  | { do: 'complete'; phase: string; attempt: number; worker: string; result: PhaseOutcome }
  /** A worker gives the phase back: after a transient error, or (no error) because it is shut down. */
  | { do: 'release'; phase: string; attempt: number; worker: string; error?: Cause }
  /** A worker met an error that another attempt would meet again. */
  | { do: 'fail'; phase: string; attempt: number; worker: string; error: Cause }
  /** Whoever acted last asks for the event that closes the run, if it is due. */
  | { do: 'settle' };

/** What a phase made. */
export interface PhaseOutcome {
  artifacts: readonly ArtifactName[];
  metrics: Readonly<Record<string, number>>;
  /** Why the fallback was used; empty when it was not. */
  degraded?: string;
}

type Cause = Pick<ErrorInfo, 'code' | 'message'>;

/** An event that is to be appended; the caller adds tenant, run, time and source. */
export interface EventDraft<N extends EventName = EventName> {
  name: N;
  /** The same for the same decision, so that the broker drops a repeated append. */
  id: string;
  phase: string;
  next: string;
  data: EventInit<N>;
}

/** Either one event to append with the state's sequence expected, or nothing, and why. */
export type Decision = { append: EventDraft } | { nothing: string };

/**
 * What a command does to a run. Pure: the same state and command give the same decision. The answer holds only for this state, so append with its
 * sequence expected, and decide again when somebody else was first.
 * @param state undefined when the run does not exist
 * @throws ForgeError RUN_CONFLICT when a caller's command makes no sense in this state, NOT_FOUND when there is no run
 */
export function decide(state: RunState | undefined, command: Command): Decision {
  if (command.do === 'request') return request(state, command);
  if (state === undefined) throw new ForgeError('NOT_FOUND', 'there is no such run');
  if (command.do === 'cancel') return cancel(state, command);
  if (state.status !== 'running') return { nothing: `the run is ${state.status}` };
  if (command.do === 'settle') return settle(state);
  const phase = phaseOf(state, command.phase);
  if (phase === undefined) return { nothing: `the recipe has no phase ${command.phase}` };
  if (phase !== currentPhase(state)) {
    return {
      nothing:
        phase.status === 'completed' ? `${phase.phase} is completed already` : `it is not the turn of ${phase.phase}`,
    };
  }
  if (command.do === 'claim') return claim(phase, command.worker);
  if (!holds(phase, command.attempt, command.worker)) {
    return { nothing: `attempt ${command.attempt} of ${phase.phase} is no longer the one that counts` };
  }
  return end(state, phase, command);
}

function request(state: RunState | undefined, command: Command & { do: 'request' }): Decision {
  if (state !== undefined) throw new ForgeError('RUN_CONFLICT', `run ${state.run} exists already`);
  const { recipe, requestedBy } = command;
  const next = recipe.phases[0]?.phase ?? NOBODY;
  return { append: { name: 'run.requested', id: 'requested', phase: RUN_TOKEN, next, data: { recipe, requestedBy } } };
}

function cancel(state: RunState, { cancelledBy, reason }: Command & { do: 'cancel' }): Decision {
  if (state.status === 'cancelled') return { nothing: 'the run is cancelled already' };
  if (state.status !== 'running')
    throw new ForgeError('RUN_CONFLICT', `run ${state.run} is ${state.status}: there is nothing to cancel`);
  return {
    append: { name: 'run.cancelled', id: 'cancelled', phase: RUN_TOKEN, next: NOBODY, data: { cancelledBy, reason } },
  };
}

function settle(state: RunState): Decision {
  const open = currentPhase(state);
  if (open === undefined) {
    const artifacts = [...(state.phases.at(-1)?.artifacts ?? [])];
    return { append: { name: 'run.completed', id: 'completed', phase: RUN_TOKEN, next: NOBODY, data: { artifacts } } };
  }
  if (open.status !== 'failed' || open.error === undefined) return { nothing: 'the run goes on' };
  const data = { phase: open.phase, error: open.error };
  return { append: { name: 'run.failed', id: 'failed', phase: RUN_TOKEN, next: NOBODY, data } };
}

function claim(phase: PhaseState, worker: string): Decision {
  if (phase.status === 'failed') return { nothing: `${phase.phase} has failed` };
  const failures = phase.failures + (phase.status === 'claimed' ? 1 : 0);
  const attempt = phase.attempt + 1;
  if (failures >= MAX_ATTEMPTS) return { append: failed(phase, phase.attempt, worker, exhausted(phase)) };
  const id = `${phase.phase}/started/${attempt}/${worker}`;
  return { append: { name: 'phase.started', id, phase: phase.phase, next: NOBODY, data: { attempt, worker } } };
}

function end(state: RunState, phase: PhaseState, command: Command & { do: 'complete' | 'release' | 'fail' }): Decision {
  const { attempt, worker } = command;
  if (command.do === 'fail') return { append: failed(phase, attempt, worker, command.error) };
  if (command.do === 'complete') {
    const { artifacts, metrics, degraded = '' } = command.result;
    const data = { attempt, worker, artifacts: [...artifacts], metrics: { ...metrics }, degraded };
    const id = `${phase.phase}/completed/${attempt}/${worker}`;
    return {
      append: { name: 'phase.completed', id, phase: phase.phase, next: phaseAfter(state.recipe, phase.phase), data },
    };
  }
  const { error } = command;
  if (error !== undefined && phase.failures + 1 >= MAX_ATTEMPTS) {
    return { append: failed(phase, attempt, worker, exhausted({ ...phase, error: error as ErrorInfo })) };
  }
  const data = { attempt, worker, ...(error === undefined ? {} : { error }) };
  const id = `${phase.phase}/released/${attempt}/${worker}`;
  return { append: { name: 'phase.released', id, phase: phase.phase, next: NOBODY, data } };
}

function failed(phase: PhaseState, attempt: number, worker: string, error: Cause): EventDraft {
  const id = `${phase.phase}/failed/${attempt}/${worker}`;
  return { name: 'phase.failed', id, phase: phase.phase, next: NOBODY, data: { attempt, error } };
}

function exhausted(phase: PhaseState): Cause {
  const cause = phase.error
    ? `the last said ${phase.error.code}: ${phase.error.message}`
    : 'the workers vanished without a word';
  const message = `${phase.phase} was tried ${MAX_ATTEMPTS} times; ${cause}`;
  return { code: 'ATTEMPTS_EXHAUSTED', message: message.slice(0, MAX_TEXT_LENGTH) };
}
