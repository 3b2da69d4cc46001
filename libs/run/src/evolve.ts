import type { EventOf, LogEvent } from '@agent-forge/contracts';
import { currentPhase, waitingPhase, type PhaseState, type RunState } from './state.js';

/**
 * The state after one more event of the run's log. Pure and total: an event that may not follow (a late or second completion, anything after
 * the end) changes nothing but the sequence, so that whoever folds the same log gets the same state.
 * @param state undefined before the first event
 */
export function evolve(state: RunState | undefined, event: LogEvent, sequence: number): RunState | undefined {
  if (state === undefined) return event.name === 'run.requested' ? requested(event, sequence) : undefined;
  const next = { ...state, sequence };
  if (state.status !== 'running') return next;
  switch (event.name) {
    case 'run.requested':
      return next;
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
    case 'phase.released': {
      const { attempt, worker, error } = event.data;
      if (!holds(phase, attempt, worker)) return phase;
      return { ...phase, status: 'released', failures: phase.failures + (error ? 1 : 0), ...(error ? { error } : {}) };
    }
    case 'phase.completed': {
      const { attempt, worker, artifacts, metrics, degraded } = event.data;
      if (!holds(phase, attempt, worker)) return phase;
      const { error: _, ...kept } = phase;
      return { ...kept, status: 'completed', artifacts, metrics, degraded, endedAt: event.time };
    }
    case 'phase.failed': {
      const { error } = event.data;
      return error ? { ...phase, status: 'failed', error, endedAt: event.time } : phase;
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

function requested(event: EventOf<'run.requested'>, sequence: number): RunState | undefined {
  const { recipe, requestedBy } = event.data;
  if (recipe === undefined) return undefined;
  return {
    tenant: event.tenant,
    run: event.run,
    status: 'running',
    sequence,
    recipe,
    requestedBy,
    requestedAt: event.time,
    phases: recipe.phases.map(({ phase }) => waitingPhase(phase)),
    artifacts: [],
  };
}
