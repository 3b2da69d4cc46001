import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeEvent, encodeEvent, eventSubject, makeEvent } from './envelope.js';
import { EVENT_EXAMPLES } from './event-examples.js';
import { EVENTS, type EventName, type ForgeEvent } from './events.js';

const EXAMPLES = EVENT_EXAMPLES;
const completed = makeEvent({
  ...{ id: 'x/1', tenant: 't1', run: 'r1', time: '2026-11-23T10:00:00.000Z', source: '/agentforge/test' },
  name: 'phase.completed',
  phase: 'cognate',
  next: 'evomerge',
  data: {
    attempt: 1,
    worker: 'w1',
    artifacts: [{ id: 'ab'.repeat(32), kind: 'model', role: 'seed-1' }],
    metrics: { loss: 1 },
  },
}) as ForgeEvent;
const base = { id: 'x/1', tenant: 't1', run: 'r1', time: '2026-11-23T10:00:00.000Z', source: '/agentforge/test' };
const digest = 'ab'.repeat(32);
const error = { code: 'DATA_INVALID', message: 'line 3' };

const json = (event: ForgeEvent) => JSON.parse(Buffer.from(encodeEvent(event)).toString()) as Record<string, unknown>;
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

describe('an event', () => {
  test('of every name goes round', () => {
    expect(EXAMPLES.map(({ name }) => name).sort()).toEqual(Object.keys(EVENTS).sort());
    for (const event of EXAMPLES) expect(decodeEvent(eventSubject(event), encodeEvent(event))).toEqual(event);
  });

  test('is CloudEvents 1.0 JSON that a person can read', () => {
    expect(eventSubject(completed)).toBe('forge.events.t1.r1.cognate.completed.evomerge');
    expect(json(completed)).toEqual({
      specversion: '1.0',
      id: 'x/1',
      source: '/agentforge/test',
      type: 'agentforge.phase.completed.v1',
      subject: 't1/r1/cognate',
      time: '2026-11-23T10:00:00.000Z',
      datacontenttype: 'application/json',
      next: 'evomerge',
      data: {
        attempt: 1,
        worker: 'w1',
        artifacts: [{ id: digest, kind: 'model', role: 'seed-1' }],
        metrics: { loss: 1 },
      },
    });
  });

  test('keeps within 64 KiB', () => {
    const params = { text: 'x'.repeat(70_000) };
    const data = { recipe: { phases: [{ phase: 'cognate', params }] } };
    const event = makeEvent({ ...base, name: 'run.requested', phase: 'run', next: 'cognate', data });
    expect(() => encodeEvent(event)).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }));
  });

  test('of a later version with unknown fields is read all the same', () => {
    const event = EXAMPLES[1]!;
    const later = { ...json(event), extra: 1, data: { ...(json(event)['data'] as object), invented: { later: true } } };
    expect(decodeEvent(eventSubject(event), bytes(later))).toEqual(event);
  });
});

describe('what is refused as INVALID_EVENT', () => {
  const event = completed;
  const subject = eventSubject(event);
  const changed = (fields: object) => bytes({ ...json(event), ...fields });
  const withData = (fields: object) => changed({ data: { ...(json(event)['data'] as object), ...fields } });

  test.each<[string, string, Uint8Array]>([
    ['an empty message', subject, bytes('')],
    ['no JSON', subject, bytes('{')],
    ['no UTF-8', subject, Buffer.from([0xff, 0xfe])],
    ['an array', subject, bytes([])],
    ['null', subject, bytes('null')],
    ['more than 64 KiB', subject, changed({ filler: 'x'.repeat(70_000) })],
    ['deep nesting', subject, bytes(`${'{"data":'.repeat(6_000)}1${'}'.repeat(6_000)}`)],
    [
      'deep data',
      subject,
      bytes(
        JSON.stringify(json(event)).replace(
          '"metrics":{"loss":1}',
          `"metrics":${'['.repeat(20_000)}${']'.repeat(20_000)}`,
        ),
      ),
    ],
    ['another specversion', subject, changed({ specversion: '0.3' })],
    ['no id', subject, changed({ id: undefined })],
    ['a source that is no text', subject, changed({ source: 5 })],
    ['a time that is none', subject, changed({ time: 'yesterday' })],
    ['an unknown type', subject, changed({ type: 'agentforge.phase.exploded.v1' })],
    ['a type of Object.prototype', subject, changed({ type: 'agentforge.constructor.name.v1' })],
    ['a later version of the contract', subject, changed({ type: 'agentforge.phase.completed.v2' })],
    ['the type of another event', subject, changed({ type: 'agentforge.phase.failed.v1' })],
    ['the subject of another run', 'forge.events.t1.r2.cognate.completed.evomerge', encodeEvent(event)],
    ['another next than on the subject', 'forge.events.t1.r1.cognate.completed.none', encodeEvent(event)],
    ['the progress stream', 'forge.progress.t1.r1.cognate.completed', encodeEvent(event)],
    ['a foreign subject', 'orders.new', encodeEvent(event)],
    ['no data', subject, changed({ data: undefined })],
    ['attempt 0', subject, withData({ attempt: 0 })],
    ['an attempt that is no number', subject, withData({ attempt: 'one' })],
    ['a negative attempt', subject, withData({ attempt: -1 })],
    [
      'an artifact that is a path',
      subject,
      withData({ artifacts: [{ id: '../../etc/passwd', kind: 'model', role: 'x' }] }),
    ],
    ['an unknown kind', subject, withData({ artifacts: [{ id: digest, kind: 'virus', role: 'x' }] })],
    ['a role with a slash', subject, withData({ artifacts: [{ id: digest, kind: 'model', role: 'a/b' }] })],
    ['65 artifacts', subject, withData({ artifacts: Array(65).fill({ id: digest, kind: 'model', role: 'x' }) })],
  ])('%s', (_, on, message) => {
    expect(() => decodeEvent(on, message)).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }));
  });

  test('whatever bytes come: an event or INVALID_EVENT, never anything else', () => {
    const text = JSON.stringify(json(event));
    const mutation = fc.tuple(fc.nat(text.length - 1), fc.integer({ min: 0, max: 12 }), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (edits) => {
        let mutated = text;
        for (const [at, length, put] of edits) mutated = mutated.slice(0, at) + put + mutated.slice(at + length);
        try {
          expect(decodeEvent(subject, bytes(mutated)).name).toBe('phase.completed');
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'ForgeError', code: 'INVALID_EVENT' });
        }
      }),
      { numRuns: 5_000, seed: 7 },
    );
  });

  test.each<[string, { name: EventName; phase: string; next?: string }]>([
    ['a phase event about the run', { name: 'phase.failed', phase: 'run' }],
    ['a run event about a phase', { name: 'run.failed', phase: 'cognate' }],
    ['a failure that starts a phase', { name: 'phase.failed', phase: 'cognate', next: 'evomerge' }],
    ['a request that starts nothing', { name: 'run.requested', phase: 'run' }],
  ])('%s', (_, parts) => {
    const data = { attempt: 1, phase: 'cognate', error, recipe: {} };
    expect(() => encodeEvent(makeEvent({ ...base, ...parts, data } as never) as ForgeEvent)).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT' }),
    );
  });
});
