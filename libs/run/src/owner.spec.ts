import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { EventOf, LogEvent } from '@agent-forge/contracts';
import { decide } from './decide.js';
import { evolve } from './evolve.js';
import { forkOf } from './fork.js';
import { PHASES, race, stepsOf, WORK } from './racing.js';
import { planOf } from './recipe.js';
import { currentPhase, hasEnded, waitingPhase, type RunState } from './state.js';
import { MemoryLog } from './testing.js';

const steps = stepsOf({ ...WORK, pause: 6, resume: 9, retry: 5, plan: 2, checkpoint: 3, note: 1 });
const RUNS = { numRuns: 400, seed: 7 };
const raced = steps.map((plan) => race(plan, () => undefined));
const withoutSequence = (state: RunState) => ({ ...state, sequence: 0 });

/** One event of a log between the states around it. */
interface Move<E extends LogEvent = LogEvent> {
  readonly before: RunState;
  readonly event: E;
  readonly after: RunState;
}

/** All but the request. */
function movesOf({ events }: MemoryLog): Move[] {
  let state = evolve(undefined, events[0]!, 1)!;
  return events.slice(1).map((event, i) => {
    const before = state;
    state = evolve(before, event, i + 2)!;
    return { before, event, after: state };
  });
}

/** Checks a property of every event of a name, and that there were some. */
function forEvery<N extends LogEvent['name']>(name: N, check: (move: Move<EventOf<N> & LogEvent>) => void): void {
  let count = 0;
  fc.assert(
    fc.property(raced, (log) => {
      for (const move of movesOf(log)) {
        if (move.event.name !== name) continue;
        count += 1;
        check(move as Move<EventOf<N> & LogEvent>);
      }
    }),
    RUNS,
  );
  expect(count).toBeGreaterThan(RUNS.numRuns / 4);
}

describe('whatever owner and workers do at the same time', () => {
  test('a paused run starts nothing', () => {
    forEvery('phase.started', ({ before, event }) => {
      expect(before.status).toBe('running');
      expect(event.phase).toBe(currentPhase(before)!.phase);
    });
  });

  test('pausing takes no result away', () => {
    forEvery('run.paused', ({ before, after }) => expect(after.phases).toEqual(before.phases));
  });

  test('a resumed run goes on with exactly the phase that was next, and with a new attempt at it', () => {
    forEvery('run.resumed', ({ before, event, after }) => {
      const next = currentPhase(before)!;
      expect(event.next).toBe(next.phase);
      expect(after.status).toBe('running');
      expect(after.phases.map(({ status }) => status)).not.toContain('claimed');
      for (const [i, phase] of after.phases.entries())
        expect({ ...phase, status: '' }).toEqual({ ...before.phases[i], status: '' });
      if (next.status === 'failed') return;
      const claim = decide(after, { do: 'claim', phase: next.phase, worker: 'w' });
      expect(claim).toMatchObject({ append: { phase: next.phase, data: { attempt: next.attempt + 1 } } });
    });
  });

  test('a retry keeps what is before the phase and nothing of it or behind it', () => {
    const retriedIn = new Set<string>();
    forEvery('run.retried', ({ before, event, after }) => {
      const { phase, params } = event.data;
      const at = PHASES.indexOf(phase);
      retriedIn.add(before.status);
      expect(after.status).toBe('running');
      expect(after.phases.slice(0, at)).toEqual(before.phases.slice(0, at));
      for (const [i, each] of after.phases.entries())
        if (i >= at) expect(each).toEqual({ ...waitingPhase(each.phase), attempt: before.phases[i]!.attempt });
      expect([after.artifacts, after.error, after.endedAt]).toEqual([[], undefined, undefined]);
      for (const each of PHASES)
        expect(planOf(after.recipe, each)!.params ?? {}).toEqual({
          ...planOf(before.recipe, each)!.params,
          ...(each === phase ? params : {}),
        });
    });
    expect([...retriedIn].sort()).toEqual(['cancelled', 'completed', 'failed', 'paused', 'running']);
  });

  test('a result counts only for the attempt that holds its phase, and only once', () => {
    fc.assert(
      fc.property(raced, (log) => {
        const counted = movesOf(log).flatMap(({ before, event }) => {
          if (event.name !== 'phase.completed') return [];
          const { status, attempt, worker } = before.phases.find(({ phase }) => phase === event.phase)!;
          expect([status, attempt, worker]).toEqual(['claimed', event.data.attempt, event.data.worker]);
          return [`${event.phase} ${event.data.attempt}`];
        });
        expect(new Set(counted).size).toBe(counted.length);
      }),
      RUNS,
    );
  });

  test('what workers said before comes to nothing when it reaches the log late or twice', () => {
    let said = 0;
    fc.assert(
      fc.property(raced, fc.array(fc.nat(), { maxLength: 10 }), (log, picks) => {
        const past = log.events.filter(({ name }) => /^phase\.(started|completed|failed|released)$/.test(name));
        let after = log.state!;
        for (const pick of past.length > 0 ? picks : []) {
          after = evolve(after, past[pick % past.length]!, after.sequence + 1)!;
          said += 1;
        }
        expect(withoutSequence(after)).toEqual(withoutSequence(log.state!));
      }),
      RUNS,
    );
    expect(said).toBeGreaterThan(RUNS.numRuns);
  });

  test('numbers of attempts never go back, and nothing but a retry follows the end', () => {
    fc.assert(
      fc.property(raced, (log) => {
        for (const { before, event, after } of movesOf(log)) {
          if (hasEnded(before)) expect(event.name).toBe('run.retried');
          for (const [i, { attempt }] of after.phases.entries())
            expect(attempt).toBeGreaterThanOrEqual(before.phases[i]!.attempt);
        }
      }),
      RUNS,
    );
  });

  test('no two events of a run have the same id, so that the broker drops none of them as repeated', () => {
    fc.assert(
      fc.property(raced, ({ events }) => {
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
      }),
      RUNS,
    );
  });

  test('of commands that were decided on the same state one is taken', () => {
    fc.assert(
      fc.property(steps, steps, (one, other) => {
        const log = race(one, () => undefined);
        const before = log.events.length;
        const rivals = race(other, () => undefined).events.slice(1);
        const taken = rivals.filter((event) => log.append(event, before));
        expect(taken).toHaveLength(Math.min(1, rivals.length));
      }),
      RUNS,
    );
  });

  test('the same commands make the same log and state, and neither is changed by deciding', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const [one, other] = [race(plan, () => undefined), race(plan, () => undefined)];
        expect(other.events).toEqual(one.events);
        expect(other.state).toEqual(one.state);
        const before = structuredClone(one.state);
        const frozen = frozenDeep(one.state!);
        for (const { phase, attempt, worker } of frozen.phases) {
          const command = { do: 'complete', phase, attempt, worker, result: { artifacts: [], metrics: {} } } as const;
          expect(decide(frozen, command)).toEqual(decide(frozen, command));
        }
        for (const event of other.events) evolve(frozen, event, frozen.sequence + 1);
        expect(structuredClone(frozen)).toEqual(before);
      }),
      RUNS,
    );
  });
});

describe('a fork', () => {
  const params = { steps: 9 };

  test('has the outcome of its parent up to its point, and its own parameters there', () => {
    let refused = 0;
    let made = 0;
    fc.assert(
      fc.property(raced, fc.constantFrom(...PHASES), (log, phase) => {
        const parent = log.state!;
        const at = PHASES.indexOf(phase);
        if (parent.phases.slice(0, at).some(({ status }) => status !== 'completed')) {
          refused += 1;
          expect(() => forkOf(parent, phase, params)).toThrow(expect.objectContaining({ code: 'RUN_CONFLICT' }));
          return;
        }
        made += 1;
        const fork = new MemoryLog();
        const asked = fork.execute({ do: 'request', ...forkOf(parent, phase, params), requestedBy: 'someone' })!;
        expect(asked.next).toBe(phase);
        const { forkedFrom, phases, recipe, status } = fork.state!;
        expect([forkedFrom, status]).toEqual([parent.run, 'running']);
        const outcomes = (of: RunState['phases']) =>
          of.map(({ phase: name, artifacts, metrics, degraded }) => ({ name, artifacts, metrics, degraded }));
        expect(outcomes(phases.slice(0, at))).toEqual(outcomes(parent.phases.slice(0, at)));
        expect(phases.slice(at)).toEqual(PHASES.slice(at).map(waitingPhase));
        expect(planOf(recipe, phase)!.params).toEqual({ ...planOf(parent.recipe, phase)!.params, ...params });
      }),
      RUNS,
    );
    expect(Math.min(refused, made)).toBeGreaterThan(RUNS.numRuns / 10);
  });

  test('is worked on from its point to its end, and the parent stays as it is', () => {
    fc.assert(
      fc.property(raced, (log) => {
        const parent = log.state!;
        const before = structuredClone(parent);
        const point = currentPhase(parent)?.phase ?? PHASES.at(-1)!;
        const fork = new MemoryLog();
        fork.execute({ do: 'request', ...forkOf(parent, point, params), requestedBy: 'someone' });
        for (let phase = currentPhase(fork.state!); phase; phase = currentPhase(fork.state!)) {
          fork.execute({ do: 'claim', phase: phase.phase, worker: 'w' });
          const at = { phase: phase.phase, attempt: 1, worker: 'w' };
          fork.execute({ do: 'complete', ...at, result: { artifacts: [], metrics: {} } });
        }
        fork.execute({ do: 'settle' });
        expect(fork.state!.status).toBe('completed');
        const started = fork.events.filter(({ name }) => name === 'phase.started').map(({ phase }) => phase);
        expect(started).toEqual(PHASES.slice(PHASES.indexOf(point)));
        expect(structuredClone(parent)).toEqual(before);
      }),
      RUNS,
    );
  });
});

function frozenDeep<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) frozenDeep(each as object);
  return Object.freeze(value);
}
