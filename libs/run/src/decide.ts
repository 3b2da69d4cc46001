import { fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import {
  ForgeError,
  MAX_TEXT_LENGTH,
  NOBODY,
  RUN_TOKEN,
  type ErrorInfo,
  type Fork,
  type Json,
  type EventInit,
  type EventName,
  type Recipe,
  type ArtifactName,
} from '@agent-forge/contracts';
import { decideOwner } from './decide-owner.js';
import { holds } from './evolve.js';
import { phaseAfter } from './recipe.js';
import { MAX_ATTEMPTS } from './retry.js';
import {
  currentPhase,
  hasEnded,
  phaseOf,
  type PhaseCheckpoint,
  type PhaseNote,
  type PhaseState,
  type RunState,
} from './state.js';

/** What somebody wants to happen to a run. */
export type Command =
  /** A caller asks for a run. */
  | { do: 'request'; recipe: Recipe; requestedBy: string; fork?: Fork }
  /** The owner ends it. */
  | { do: 'cancel'; cancelledBy: string; reason: string }
  /** The owner wants no work to be done for now. */
  | { do: 'pause'; pausedBy: string; reason: string }
  | { do: 'resume'; resumedBy: string }
  /** The owner wants a phase, and all behind it, done again, with some parameters replaced. */
  | { do: 'retry'; phase: string; params: JsonObject; retriedBy: string }
  /** A worker wants to work on a phase. */
  | { do: 'claim'; phase: string; worker: string }
  /** A worker settles something for all attempts. */
  | { do: 'plan'; phase: string; attempt: number; worker: string; plan: Json }
  /** A worker saves what the next attempt is to go on from; `number` counts from 1. */
  | { do: 'checkpoint'; phase: string; attempt: number; worker: string; number: number; checkpoint: PhaseCheckpoint }
  /** A worker tells something; `number` counts from 1. */
  | { do: 'note'; phase: string; attempt: number; worker: string; number: number; note: Omit<PhaseNote, 'attempt'> }
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
  if (command.do === 'cancel' || command.do === 'pause' || command.do === 'resume' || command.do === 'retry')
    return decideOwner(state, command);
  if (hasEnded(state)) return { nothing: `the run is ${state.status}` };
  if (command.do === 'settle') return settle(state);
  const phase = phaseOf(state, command.phase);
  if (phase === undefined) return { nothing: `the recipe has no phase ${command.phase}` };
  if (phase !== currentPhase(state)) {
    return {
      nothing:
        phase.status === 'completed' ? `${phase.phase} is completed already` : `it is not the turn of ${phase.phase}`,
    };
  }
  if (command.do === 'claim')
    return state.status === 'paused' ? { nothing: 'the run is paused' } : claim(phase, command.worker);
  if (!holds(phase, command.attempt, command.worker)) {
    return { nothing: `attempt ${command.attempt} of ${phase.phase} is no longer the one that counts` };
  }
  if (command.do === 'plan' || command.do === 'checkpoint' || command.do === 'note') return remember(phase, command);
  return end(state, phase, command);
}

function request(state: RunState | undefined, command: Command & { do: 'request' }): Decision {
  if (state !== undefined) throw new ForgeError('RUN_CONFLICT', `run ${state.run} exists already`);
  const { recipe, requestedBy, fork } = command;
  const next = recipe.phases[fork?.phases.length ?? 0]?.phase ?? NOBODY;
  const data = { recipe, requestedBy, ...(fork ? { fork } : {}) };
  return { append: { name: 'run.requested', id: 'requested', phase: RUN_TOKEN, next, data } };
}

/** A run that is retried may end again, so the id names the state that it was decided on. */
function settle(state: RunState): Decision {
  const open = currentPhase(state);
  if (open === undefined) {
    const artifacts = [...(state.phases.at(-1)?.artifacts ?? [])];
    return {
      append: {
        name: 'run.completed',
        id: `completed/${state.sequence}`,
        phase: RUN_TOKEN,
        next: NOBODY,
        data: { artifacts },
      },
    };
  }
  if (open.status !== 'failed' || open.error === undefined) return { nothing: 'the run goes on' };
  const data = { phase: open.phase, error: open.error };
  return { append: { name: 'run.failed', id: `failed/${state.sequence}`, phase: RUN_TOKEN, next: NOBODY, data } };
}

/** What a worker wants to be kept while it works. */
function remember(phase: PhaseState, command: Command & { do: 'plan' | 'checkpoint' | 'note' }): Decision {
  const { attempt, worker } = command;
  const draft = (name: EventName, id: string, data: object): Decision => ({
    append: {
      name,
      id: `${phase.phase}/${id}/${worker}`,
      phase: phase.phase,
      next: NOBODY,
      data: { attempt, worker, ...data } as EventInit<EventName>,
    },
  });
  if (command.do === 'note') return draft('phase.noted', `noted/${attempt}/${command.number}`, { ...command.note });
  if (command.do === 'plan') {
    if (phase.plan !== undefined) return { nothing: `${phase.phase} is planned already` };
    return draft('phase.planned', `planned/${attempt}`, { plan: fromJson(ValueSchema, command.plan as JsonValue) });
  }
  const { number, checkpoint } = command;
  const { state, artifacts } = checkpoint;
  return draft('phase.checkpointed', `checkpointed/${attempt}/${number}`, {
    number,
    state: fromJson(ValueSchema, state as JsonValue),
    artifacts: [...artifacts],
  });
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
