import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { LogEvent } from '@agent-forge/contracts';
import { decide, type Command } from './decide.js';
import { evolve, replay } from './evolve.js';
import { MAX_ATTEMPTS } from './retry.js';
import type { RunState } from './state.js';
import { eventOf, MemoryLog, recipeOf } from './testing.js';

const PHASES = ['one', 'two'];
const WORKERS = 3;

/** What one actor does next, on what it saw when it last looked at the log; `looks`: it looks now. */
interface Step {
  actor: number;
  looks: boolean;
  /** It acts on the phase and attempt that it sees as current, instead of the arbitrary ones. */
  sensible: boolean;
  act: Command['do'];
  phase: string;
  attempt: number;
  hasError: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  actor: fc.integer({ min: 0, max: WORKERS - 1 }),
  looks: fc.integer({ min: 0, max: 9 }).map((n) => n < 7),
  sensible: fc.integer({ min: 0, max: 9 }).map((n) => n < 8),
  // Useful work is frequent, so that races reach every end.
  act: fc.constantFrom<Command['do'][]>(
    ...Array<'claim'>(16).fill('claim'),
    ...Array<'complete'>(24).fill('complete'),
    ...Array<'settle'>(8).fill('settle'),
    'release',
    'release',
    'request',
    'fail',
    'cancel',
  ),
  phase: fc.constantFrom(...PHASES),
  attempt: fc.integer({ min: 1, max: 3 }),
  hasError: fc.boolean(),
});

function commandOf({ actor, act, phase, attempt, hasError }: Step): Command {
  const worker = `w${actor}`;
  const error = { code: 'INTERNAL', message: 'planted' };
  switch (act) {
    case 'request':
      return { do: act, recipe: recipeOf('one'), requestedBy: worker };
    case 'cancel':
      return { do: act, cancelledBy: worker, reason: '' };
    case 'complete':
      return { do: act, phase, attempt, worker, result: { artifacts: [], metrics: {} } };
    case 'release':
      return { do: act, phase, attempt, worker, ...(hasError ? { error } : {}) };
    case 'fail':
      return { do: act, phase, attempt, worker, error };
    case 'pause':
      return { do: act, pausedBy: worker, reason: '' };
    case 'resume':
      return { do: act, resumedBy: worker };
    case 'retry':
      return { do: act, phase, params: {}, retriedBy: worker };
    case 'plan':
      return { do: act, phase, attempt, worker, plan: { steps: attempt } };
    case 'checkpoint':
      return { do: act, phase, attempt, worker, number: 1, checkpoint: { state: attempt, artifacts: [] } };
    case 'note':
      return {
        do: act,
        phase,
        attempt,
        worker,
        number: 1,
        note: { code: 'DIVERGED', message: 'planted', metrics: {} },
      };
    default:
      return { do: act, phase, worker };
  }
}

/** Lets several actors race on one log, each with its own, possibly old, view of it. */
function race(steps: Step[]): MemoryLog {
  const log = new MemoryLog();
  log.execute({ do: 'request', recipe: recipeOf(...PHASES), requestedBy: 'someone' });
  const seen: (RunState | undefined)[] = Array.from({ length: WORKERS }, () => log.state);
  for (const s of steps) {
    if (s.looks) seen[s.actor] = log.state;
    try {
      const current = s.sensible ? seen[s.actor]?.phases.find(({ status }) => status !== 'completed') : undefined;
      const decision = decide(
        seen[s.actor],
        commandOf({ ...s, phase: current?.phase ?? s.phase, attempt: current?.attempt ?? s.attempt }),
      );
      if ('append' in decision) log.append(eventOf(decision.append), seen[s.actor]?.sequence ?? 0);
    } catch (error) {
      expect(error).toMatchObject({ code: expect.stringMatching(/RUN_CONFLICT|NOT_FOUND/) });
    }
  }
  return log;
}

const isEnd = ({ name }: LogEvent) => name === 'run.completed' || name === 'run.failed' || name === 'run.cancelled';
const withoutSequence = (state: RunState | undefined) => ({ ...state, sequence: 0 });
const steps = fc.array(step, { minLength: 20, maxLength: 120 });
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
