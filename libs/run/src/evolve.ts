import { toJson } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@bufbuild/protobuf/wkt';
import type { EventOf, Json, LogEvent } from '@agent-forge/contracts';
import { withParams } from './recipe.js';
import { currentPhase, hasEnded, MAX_NOTES, waitingPhase, type PhaseState, type RunState } from './state.js';

/**
 * The state after one more event of the run's log. Pure and total: an event that may not follow (a late or second completion, anything after
 * the end) changes nothing but the sequence, so that whoever folds the same log gets the same state.
 * @param state undefined before the first event
 */
export function evolve(state: RunState | undefined, event: LogEvent, sequence: number): RunState | undefined {
  if (state === undefined) return event.name === 'run.requested' ? requested(event, sequence) : undefined;
  const next = { ...state, sequence };
  if (event.name === 'run.retried') return retried(next, event);
  if (hasEnded(state)) return next;
  switch (event.name) {
    case 'run.requested':
      return next;
    case 'run.paused':
      return { ...next, status: 'paused' };
    case 'run.resumed':
      return state.status === 'paused' ? { ...next, status: 'running', phases: state.phases.map(withoutClaim) } : next;
    case 'run.cancelled':
      return { ...next, status: 'cancelled', endedAt: event.time };
    case 'run.failed': {
      const { error } = event.data;
      return currentPhase(state)?.status === 'failed' && error
        ? { ...next, status: 'failed', error, endedAt: event.time }
        : next;
    }
    case 'run.completed':
      if (currentPhase(state) !== undefined) return next;
      return { ...next, status: 'completed', artifacts: event.data.artifacts, endedAt: event.time };
    default: {
      const before = currentPhase(state);
      if (before === undefined || before.phase !== event.phase) return next;
      // Nobody may begin while the run is paused; who is at work may still say what came of it.
      if (state.status === 'paused' && event.name === 'phase.started') return next;
      const after = evolvePhase(before, event);
      return { ...next, phases: state.phases.map((phase) => (phase === before ? after : phase)) };
    }
  }
}

/** The fold of a whole log, oldest first; undefined when it does not begin with a request. */
export function replay(log: Iterable<{ event: LogEvent; sequence: number }>): RunState | undefined {
  let state: RunState | undefined;
  for (const { event, sequence } of log) state = evolve(state, event, sequence);
  return state;
}

type PhaseEvent = Extract<LogEvent, { name: `phase.${string}` }>;

function evolvePhase(phase: PhaseState, event: PhaseEvent): PhaseState {
  if (phase.status === 'failed') return phase;
  switch (event.name) {
    case 'phase.started':
      return started(phase, event);
    case 'phase.planned': {
      const { attempt, worker, plan } = event.data;
      if (!holds(phase, attempt, worker) || phase.plan !== undefined) return phase;
      return { ...phase, plan: jsonOf(plan) };
    }
    case 'phase.checkpointed': {
      const { attempt, worker, state, artifacts } = event.data;
      return holds(phase, attempt, worker) ? { ...phase, checkpoint: { state: jsonOf(state), artifacts } } : phase;
    }
    case 'phase.noted': {
      const { attempt, worker, code, message, metrics } = event.data;
      if (!holds(phase, attempt, worker)) return phase;
      return { ...phase, notes: [...phase.notes, { attempt, code, message, metrics }].slice(-MAX_NOTES) };
    }
    case 'phase.released': {
      const { attempt, worker, error } = event.data;
      if (!holds(phase, attempt, worker)) return phase;
      return { ...phase, status: 'released', failures: phase.failures + (error ? 1 : 0), ...(error ? { error } : {}) };
    }
    case 'phase.completed': {
      const { attempt, worker, artifacts, metrics, degraded } = event.data;
      if (!holds(phase, attempt, worker)) return phase;
      const { error: _, checkpoint: __, ...kept } = phase;
      return { ...kept, status: 'completed', artifacts, metrics, degraded, endedAt: event.time };
    }
    case 'phase.failed': {
      const { attempt, error } = event.data;
      // It names no worker: who finds that all attempts are used up fails the phase for the one that vanished.
      if (error === undefined || phase.status !== 'claimed' || attempt !== phase.attempt) return phase;
      return { ...phase, status: 'failed', error, endedAt: event.time };
    }
  }
}

function started(phase: PhaseState, event: EventOf<'phase.started'>): PhaseState {
  const { attempt, worker } = event.data;
  if (attempt !== phase.attempt + 1) return phase;
  // A claim on top of a claim means that nobody heard of the earlier worker again: that attempt counts as failed.
  const failures = phase.failures + (phase.status === 'claimed' ? 1 : 0);
  return { ...phase, status: 'claimed', attempt, worker, failures, startedAt: phase.startedAt ?? event.time };
}

/** Whether this attempt of this worker is the one that holds the phase. */
export function holds(phase: PhaseState, attempt: number, worker: string): boolean {
  return phase.status === 'claimed' && phase.attempt === attempt && phase.worker === worker;
}

/** What a phase wrote, as it wrote it. */
function jsonOf(value: Value | undefined): Json {
  return value === undefined ? null : (toJson(ValueSchema, value) as Json);
}

/** A claim that does not count any more, through no fault of its worker. */
function withoutClaim(phase: PhaseState): PhaseState {
  return phase.status === 'claimed' ? { ...phase, status: 'released' } : phase;
}

/** The phase and all behind it as if they had never run, but for the numbers of their attempts, which go on, so that no late result counts. */
function retried(state: RunState, { data }: EventOf<'run.retried'>): RunState {
  const at = state.phases.findIndex(({ phase }) => phase === data.phase);
  if (at < 0 || state.phases.slice(0, at).some(({ status }) => status !== 'completed')) return state;
  const { error: _, endedAt: __, ...kept } = state;
  const phases = state.phases.map((phase, i) =>
    i < at ? phase : { ...waitingPhase(phase.phase), attempt: phase.attempt },
  );
  const recipe = withParams(state.recipe, data.phase, data.params ?? {});
  return { ...kept, status: 'running', recipe, phases, artifacts: [] };
}

function requested(event: EventOf<'run.requested'>, sequence: number): RunState | undefined {
  const { recipe, requestedBy, fork } = event.data;
  if (recipe === undefined) return undefined;
  const inherited = new Map(fork?.phases.map((result) => [result.phase, result]));
  return {
    tenant: event.tenant,
    run: event.run,
    status: 'running',
    sequence,
    recipe,
    requestedBy,
    requestedAt: event.time,
    ...(fork ? { forkedFrom: fork.run } : {}),
    phases: recipe.phases.map(({ phase }) => {
      const result = inherited.get(phase);
      if (result === undefined) return waitingPhase(phase);
      const { artifacts, metrics, degraded } = result;
      return { ...waitingPhase(phase), status: 'completed', artifacts, metrics, degraded };
    }),
    artifacts: [],
  };
}
