import { describe, expect, test } from '@jest/globals';
import { decide, type Command } from './decide.js';
import { MAX_ATTEMPTS } from './retry.js';
import { MemoryLog, recipeOf } from './testing.js';

const artifact = (role: string) => ({ id: 'a'.repeat(64), kind: 'model', role });
const claim = (phase: string, worker = 'w1'): Command => ({ do: 'claim', phase, worker });
const complete = (phase: string, attempt = 1, worker = 'w1'): Command => ({
  do: 'complete',
  phase,
  attempt,
  worker,
  result: { artifacts: [artifact(phase)], metrics: { loss: 1.5 } },
});

function requested(...phases: string[]): MemoryLog {
  const log = new MemoryLog();
  log.execute({ do: 'request', recipe: recipeOf(...phases), requestedBy: 'someone' });
  return log;
}

describe('a run', () => {
  test('goes from phase to phase and ends with the artifacts of the last', () => {
    const log = requested('one', 'two');
    for (const phase of ['one', 'two']) {
      log.execute(claim(phase));
      log.execute(complete(phase));
      log.execute({ do: 'settle' });
    }
    expect(log.events.map(({ name, phase, next }) => `${name} ${phase} ${next}`)).toEqual([
      'run.requested run one',
      'phase.started one none',
      'phase.completed one two',
      'phase.started two none',
      'phase.completed two none',
      'run.completed run none',
    ]);
    expect(log.state).toMatchObject({ status: 'completed', artifacts: [artifact('two')] });
    expect(log.state!.phases.map(({ metrics }) => metrics)).toEqual([{ loss: 1.5 }, { loss: 1.5 }]);
  });

  test('discards the completion of a worker that was overtaken, and a second completion', () => {
    const log = requested('one', 'two');
    log.execute(claim('one', 'slow'));
    log.execute(claim('one', 'fast'));
    expect(decide(log.state, complete('one', 1, 'slow'))).toEqual({ nothing: expect.stringContaining('no longer') });
    expect(log.execute(complete('one', 2, 'fast'))).toMatchObject({ name: 'phase.completed', next: 'two' });
    expect(decide(log.state, complete('one', 2, 'fast'))).toEqual({ nothing: 'one is completed already' });
    expect(decide(log.state, claim('one'))).toEqual({ nothing: 'one is completed already' });
  });

  test('does not start a phase before its turn, nor one that the recipe leaves out', () => {
    const log = requested('one', 'two');
    expect(decide(log.state, claim('two'))).toEqual({ nothing: 'it is not the turn of two' });
    expect(decide(log.state, claim('nine'))).toEqual({ nothing: 'the recipe has no phase nine' });
  });

  test('fails when a phase fails, with its cause, and then takes no more work', () => {
    const log = requested('one', 'two');
    log.execute(claim('one'));
    log.execute({
      do: 'fail',
      phase: 'one',
      attempt: 1,
      worker: 'w1',
      error: { code: 'DATA_INVALID', message: 'line 3' },
    });
    expect(decide(log.state, claim('one'))).toEqual({ nothing: 'one has failed' });
    log.execute({ do: 'settle' });
    expect(log.state).toMatchObject({ status: 'failed', error: { code: 'DATA_INVALID', message: 'line 3' } });
    expect(decide(log.state, claim('one'))).toEqual({ nothing: 'the run is failed' });
  });

  test('tries a phase again after transient errors, a bounded number of times', () => {
    const log = requested('one');
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
      expect(log.execute(claim('one'))).toMatchObject({ name: 'phase.started', data: { attempt } });
      const error = { code: 'STORE_UNAVAILABLE', message: 'disk full' };
      log.execute({ do: 'release', phase: 'one', attempt, worker: 'w1', error });
    }
    expect(log.state!.phases[0]).toMatchObject({
      status: 'failed',
      attempt: MAX_ATTEMPTS,
      error: { code: 'ATTEMPTS_EXHAUSTED' },
    });
    expect(log.state!.phases[0]!.error!.message).toContain('disk full');
  });

  test('counts workers that vanish, but not workers that are shut down', () => {
    const vanished = requested('one');
    for (let i = 0; i < MAX_ATTEMPTS; i++) vanished.execute(claim('one', `w${i}`));
    expect(vanished.execute(claim('one', 'last'))).toMatchObject({ name: 'phase.failed' });

    const shutDown = requested('one');
    for (let attempt = 1; attempt <= 3 * MAX_ATTEMPTS; attempt++) {
      shutDown.execute(claim('one'));
      shutDown.execute({ do: 'release', phase: 'one', attempt, worker: 'w1' });
    }
    expect(shutDown.state!.phases[0]).toMatchObject({ status: 'released', failures: 0 });
  });

  test('ends at once when it is cancelled; what is in progress is discarded', () => {
    const log = requested('one');
    log.execute(claim('one'));
    const cancel: Command = { do: 'cancel', cancelledBy: 'someone', reason: 'changed my mind' };
    log.execute(cancel);
    expect(decide(log.state, complete('one'))).toEqual({ nothing: 'the run is cancelled' });
    expect(decide(log.state, cancel)).toEqual({ nothing: 'the run is cancelled already' });
  });

  test('refuses commands that make no sense', () => {
    const log = requested('one');
    const again: Command = { do: 'request', recipe: recipeOf('one'), requestedBy: 'x' };
    expect(() => decide(log.state, again)).toThrow(expect.objectContaining({ code: 'RUN_CONFLICT' }));
    expect(() => decide(undefined, claim('one'))).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }));
    log.execute(claim('one'));
    log.execute(complete('one'));
    log.execute({ do: 'settle' });
    const cancel: Command = { do: 'cancel', cancelledBy: 'x', reason: '' };
    expect(() => decide(log.state, cancel)).toThrow(expect.objectContaining({ code: 'RUN_CONFLICT' }));
  });
});
