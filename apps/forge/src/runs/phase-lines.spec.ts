import { describe, expect, test } from '@jest/globals';
import { makeEvent, type EventInit, type EventName, type ForgeEvent } from '@agent-forge/contracts';
import { PhaseLines } from './phase-lines.js';

/** An event of cognate, so many seconds after the start of time. */
function event<N extends EventName>(name: N, data: EventInit<N>, seconds: number): ForgeEvent {
  const time = new Date(seconds * 1000).toISOString();
  return makeEvent({
    name,
    id: `${seconds}`,
    tenant: 't1',
    run: 'r1',
    phase: 'cognate',
    time,
    source: '/test',
    data,
  }) as ForgeEvent;
}

describe('the line of a phase', () => {
  const lines = () => new PhaseLines(['cognate', 'evomerge']);
  const started = event('phase.started', { attempt: 1, worker: 'w' }, 10);
  const progress = (fraction: number, seconds: number, more: object = {}) =>
    event('phase.progress', { attempt: 1, stage: 'train trunk', fraction, step: 5, steps: 20, ...more }, seconds);

  test('has bar, stage, step, loss, speed, and the time that is left by the time that it took', () => {
    const of = lines();
    of.after(started);
    const metrics = { loss: 2.34567, tokensPerSecond: 4999.7 };
    expect(of.after(progress(0.25, 30, { metrics }))).toEqual({
      text: 'cognate   [######..................]  train trunk  step 5/20  loss 2.346  5000 tokens/s  1 min 00 s left',
      matters: true,
    });
    expect(of.after(progress(0.5, 50))).toEqual({
      text: 'cognate   [############............]  train trunk  step 5/20  40 s left',
      matters: false,
    });
  });

  test('promises no end before there is something to judge by', () => {
    const of = lines();
    of.after(started);
    expect(of.after(progress(0.01, 30))!.text).not.toContain('left');
  });

  test('counts from the last claim', () => {
    const of = lines();
    of.after(started);
    of.after(progress(0.5, 1_000));
    expect(of.after(event('phase.released', { attempt: 1, worker: 'w' }, 1_001))!.text).toContain('given back');
    expect(of.after(event('phase.started', { attempt: 2, worker: 'w' }, 1_010))!.text).toContain('attempt 2');
    expect(of.after(progress(0.5, 1_020))!.text).toContain('10 s left');
  });

  test('says how it ended', () => {
    const of = lines();
    of.after(started);
    const done = of.after(event('phase.completed', { attempt: 1, worker: 'w', degraded: 'plain average' }, 95))!;
    expect(done).toEqual({
      text: 'cognate   [########################]  done in 1 min 25 s, degraded: plain average',
      matters: true,
    });
    const failed = event(
      'phase.failed',
      { attempt: 1, error: { code: 'DIVERGED', message: 'the loss is no number' } },
      20,
    );
    expect(of.after(failed)!.text).toContain('failed: the loss is no number');
    expect(of.after(event('run.failed', { phase: 'cognate' }, 21))).toBeUndefined();
  });
});
