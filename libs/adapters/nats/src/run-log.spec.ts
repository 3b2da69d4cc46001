import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { makeEvent, parseTraceparent, RecipeSchema, runFilter, type LogEvent } from '@agent-forge/contracts';
import { replay } from '@agent-forge/run';
import { readEvents } from './event-stream.js';
import { publishProgress } from './progress.js';
import { RunLog } from './run-log.js';
import { LOG_STREAM } from './stream-names.js';
import { ensureStreams } from './streams.js';
import { startTestBroker, type TestBroker } from './testing.js';

let broker: TestBroker;
let log: RunLog;
beforeAll(async () => {
  broker = await startTestBroker();
  log = new RunLog(broker.connection, '/agentforge/test');
});
afterAll(() => broker?.stop());

const recipe = create(RecipeSchema, { name: 'test', phases: [{ phase: 'one' }] });
const request = (run: string, to = log) => to.execute('t1', run, { do: 'request', recipe, requestedBy: 'someone' });
const claim = (run: string, worker: string, to = log) => to.execute('t1', run, { do: 'claim', phase: 'one', worker });
const complete = (run: string, attempt: number, worker: string, to = log) =>
  to.execute('t1', run, { do: 'complete', phase: 'one', attempt, worker, result: { artifacts: [], metrics: {} } });

async function eventsOf(run: string): Promise<{ event: LogEvent; sequence: number }[]> {
  const found = [];
  const filter = runFilter('t1', run);
  for await (const { event, sequence, pending } of readEvents(broker.connection, { stream: 'log', filter })) {
    found.push({ event: event as LogEvent, sequence });
    if (pending === 0) break;
  }
  return found;
}

describe('the run log', () => {
  test('carries a run to its end; whoever folds it from the start gets the same state', async () => {
    await request('r1');
    await claim('r1', 'w1');
    await complete('r1', 1, 'w1');
    const { state } = await log.execute('t1', 'r1', { do: 'settle' });
    const events = await eventsOf('r1');
    expect(events.map(({ event }) => event.name)).toEqual([
      'run.requested',
      'phase.started',
      'phase.completed',
      'run.completed',
    ]);
    expect(replay(events)).toEqual(state);
    expect((await log.load('t1', 'r1')).state).toEqual(state);
  });

  test('of a cancellation and a completion sent at the same moment exactly one is taken', async () => {
    const other = new RunLog(await broker.connect(), '/agentforge/other');
    const winners = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const run = `race${i}`;
      await request(run);
      const { state } = await claim(run, 'w1');
      const base = { tenant: 't1', run, time: new Date().toISOString(), source: '/test' };
      const completed = makeEvent({
        ...base,
        name: 'phase.completed',
        id: `${run}/completed`,
        phase: 'one',
        data: { attempt: 1, worker: 'w1' },
      });
      const cancelled = makeEvent({
        ...base,
        name: 'run.cancelled',
        id: `${run}/cancelled`,
        phase: 'run',
        data: { cancelledBy: 'x' },
      });
      const sequences = await Promise.all([
        log.append(completed, state.sequence),
        other.append(cancelled, state.sequence),
      ]);
      expect(sequences.filter((sequence) => sequence !== undefined)).toHaveLength(1);
      winners.add(sequences[0] === undefined ? 'cancelled' : 'completed');
    }
    expect(winners.size).toBeGreaterThan(0);
  });

  test('many workers claim at once: attempts are numbered without gap or repetition', async () => {
    await request('busy');
    const logs = await Promise.all(
      Array.from({ length: 4 }, async () => new RunLog(await broker.connect(), '/agentforge/test')),
    );
    const executions = await Promise.all(logs.map((one, i) => claim('busy', `w${i}`, one)));
    const attempts = executions.map((e) =>
      'event' in e && e.event.name === 'phase.started' ? e.event.data.attempt : 0,
    );
    expect(attempts.sort()).toEqual([1, 2, 3, 4]);
    // Only the last claim counts: the others' completions are discarded.
    const results = await Promise.all(
      logs.map((one, i) => complete('busy', i + 1, executions[i]!.state.phases[0]!.worker, one)),
    );
    expect(results.filter((result) => 'event' in result).length).toBeLessThanOrEqual(1);
    expect((await eventsOf('busy')).filter(({ event }) => event.name === 'phase.completed').length).toBeLessThanOrEqual(
      1,
    );
  });

  test('stores an append once that is sent again because its answer was lost', async () => {
    await request('twice');
    const { state } = await log.load('t1', 'twice');
    const base = { tenant: 't1', run: 'twice', time: new Date().toISOString(), source: '/test' };
    const event = makeEvent({
      ...base,
      name: 'run.cancelled',
      id: 'twice/x',
      phase: 'run',
      data: { cancelledBy: 'x' },
    });
    const first = await log.append(event, state!.sequence);
    expect(await log.append(event, state!.sequence)).toBe(first);
    expect(await eventsOf('twice')).toHaveLength(2);
  });

  test('is not stopped by a message that is no event of ours', async () => {
    await request('dirty');
    await jetstream(broker.connection).publish('forge.events.t1.dirty.one.started.none', '{"specversion":"1.0"}');
    const { state, sequence } = await log.load('t1', 'dirty');
    expect(state).toMatchObject({ status: 'running', sequence });
    expect(await claim('dirty', 'w1')).toMatchObject({ event: { name: 'phase.started' } });
    const invalid: number[] = [];
    const read = readEvents(broker.connection, {
      stream: 'log',
      filter: runFilter('t1', 'dirty'),
      onInvalid: (error, at) => invalid.push(at) && expect(error.code).toBe('INVALID_EVENT'),
    });
    const names = [];
    for await (const { event, pending } of read) {
      names.push(event.name);
      if (pending === 0) break;
    }
    expect(names).toEqual(['run.requested', 'phase.started']);
    expect(invalid).toEqual([sequence]);
  });

  test('keeps a run in one trace', async () => {
    await request('traced');
    await claim('traced', 'w1');
    const manager = await jetstreamManager(broker.connection);
    const contexts = [];
    for (const { sequence } of await eventsOf('traced')) {
      const message = await manager.direct.getMessage(LOG_STREAM, { seq: sequence });
      contexts.push(parseTraceparent(message!.header.get('traceparent')));
    }
    expect(contexts[0]!.traceId).toBe(contexts[1]!.traceId);
    expect(contexts[0]!.spanId).not.toBe(contexts[1]!.spanId);
  });

  test('survives a crash of the broker: what was acknowledged is there, and clients go on by themselves', async () => {
    await request('crash');
    const followed: string[] = [];
    const following = (async () => {
      for await (const { event } of readEvents(broker.connection, {
        stream: 'log',
        filter: runFilter('t1', 'crash'),
      })) {
        followed.push(event.name);
        if (event.name === 'run.cancelled') return;
      }
    })();
    await broker.crash();
    await ensureStreams(broker.connection);
    await claim('crash', 'w1');
    await log.execute('t1', 'crash', { do: 'cancel', cancelledBy: 'someone', reason: '' });
    await following;
    expect(followed).toEqual(['run.requested', 'phase.started', 'run.cancelled']);
    expect((await eventsOf('crash')).map(({ event }) => event.name)).toEqual(followed);
  });
});

test('progress reaches those who read, and never the log', async () => {
  await request('shown');
  const address = { tenant: 't1', run: 'shown', phase: 'one', source: '/agentforge/one' };
  for (let step = 1; step <= 3; step++) {
    publishProgress(broker.connection, address, step, {
      attempt: 1,
      stage: 'train',
      fraction: step / 3,
      step,
      steps: 3,
    });
  }
  const seen: unknown[] = [];
  const filter = 'forge.progress.t1.shown.>';
  for await (const { event } of readEvents(broker.connection, { stream: 'progress', filter })) {
    if (event.name === 'phase.progress') seen.push(event.data.step);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([1, 2, 3]);
  expect(await eventsOf('shown')).toHaveLength(1);
});
