import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogEvent } from '@agent-forge/contracts';
import { decide } from './decide.js';
import { evolve, replay } from './evolve.js';
import { PHASES, race as raceOf, stepsOf, WORK, type Step } from './racing.js';
import { MAX_ATTEMPTS } from './retry.js';
import type { RunState } from './state.js';
import { eventOf, MemoryLog, recipeOf } from './testing.js';

/** A race of workers. */
function race(steps: Step[]): MemoryLog {
  return raceOf(steps, (error) =>
    expect(error).toMatchObject({ code: expect.stringMatching(/RUN_CONFLICT|NOT_FOUND/) }),
  );
}

const isEnd = ({ name }: LogEvent) => name === 'run.completed' || name === 'run.failed' || name === 'run.cancelled';
const withoutSequence = (state: RunState | undefined) => ({ ...state, sequence: 0 });
const steps = stepsOf(WORK);
const RUNS = { numRuns: 1_500, seed: 42 };

describe('whatever racing workers do', () => {
  test('each phase is completed at most once, in order, and nothing follows the end', () => {
    const ends: Record<string, number> = {};
    fc.assert(
      fc.property(steps, (plan) => {
        const { events, state } = race(plan);
        const completed = events.filter(({ name }) => name === 'phase.completed').map(({ phase }) => phase);
        expect(completed).toEqual(PHASES.slice(0, completed.length));
        const end = events.findIndex(isEnd);
        expect(end === -1 || end === events.length - 1).toBe(true);
        expect(state!.status === 'running').toBe(end === -1);
        for (const phase of state!.phases) expect(phase.failures).toBeLessThanOrEqual(MAX_ATTEMPTS);
        ends[state!.status] = (ends[state!.status] ?? 0) + 1;
      }),
      RUNS,
    );
    // The property says nothing unless the races reach every end.
    expect(Object.keys(ends).sort()).toEqual(['cancelled', 'completed', 'failed', 'running']);
  });

  test('the state is the fold of the log, and events that may not follow change nothing', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(), { maxLength: 10 }), (plan, picks) => {
        const { events, state } = race(plan);
        const log = events.map((event, i) => ({ event, sequence: i + 1 }));
        expect(replay(log)).toEqual(state);
        // Append events of the past once more, after the log's end.
        let after = state;
        for (const pick of picks) after = evolve(after, events[pick % events.length]!, after!.sequence + 1);
        expect(withoutSequence(after)).toEqual(withoutSequence(state));
      }),
      RUNS,
    );
  });

  test('a run whose workers keep trying ends', () => {
    fc.assert(
      fc.property(steps, (plan) => {
        const log = race(plan);
        for (let turn = 0; turn < 4 * PHASES.length && log.state!.status === 'running'; turn++) {
          const phase = log.state!.phases.find(({ status }) => status !== 'completed')?.phase ?? 'one';
          log.execute({ do: 'claim', phase, worker: 'diligent' });
          const { attempt } = log.state!.phases.find((p) => p.phase === phase)!;
          log.execute({ do: 'complete', phase, attempt, worker: 'diligent', result: { artifacts: [], metrics: {} } });
          log.execute({ do: 'settle' });
        }
        expect(log.state!.status).not.toBe('running');
      }),
      RUNS,
    );
  });
});

test('a completion that reaches the log of a cancelled run changes nothing', () => {
  const log = new MemoryLog();
  log.execute({ do: 'request', recipe: recipeOf('one'), requestedBy: 'someone' });
  log.execute({ do: 'claim', phase: 'one', worker: 'w1' });
  const late = decide(log.state, {
    do: 'complete',
    phase: 'one',
    attempt: 1,
    worker: 'w1',
    result: { artifacts: [], metrics: {} },
  });
  log.execute({ do: 'cancel', cancelledBy: 'someone', reason: '' });
  const after = evolve(log.state, eventOf((late as { append: never }).append), 4);
  expect(withoutSequence(after)).toEqual(withoutSequence(log.state));
});
