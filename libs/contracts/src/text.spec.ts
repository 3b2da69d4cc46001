import { describe, expect, test } from '@jest/globals';
import { encodeEvent, makeEvent } from './envelope.js';
import { LONE_SURROGATE, printable, UNPRINTABLE } from './text.js';

const cancelled = (reason: string) =>
  makeEvent({
    name: 'run.cancelled',
    id: 'e1',
    tenant: 't1',
    run: 'r1',
    phase: 'run',
    time: '2026-01-01T00:00:00Z',
    source: '/test',
    data: { cancelledBy: 'me', reason },
  });

describe('a text', () => {
  test('with half of a surrogate pair is found; whole pairs are characters', () => {
    expect(['\ud800', 'a\udc00b', '\udc00\ud800'].map((text) => LONE_SURROGATE.test(text))).toEqual([true, true, true]);
    expect(['🦊', 'plain', ''].map((text) => LONE_SURROGATE.test(text))).toEqual([false, false, false]);
  });

  test('that no reader would take never gets into an event', () => {
    expect(() => encodeEvent(cancelled('\ud800'))).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }));
    expect(encodeEvent(cancelled('🦊')).length).toBeGreaterThan(0);
  });

  test('shows what a terminal would obey', () => {
    expect(printable('a\u001b[31mb\u202ec')).toBe('a\\u001b[31mb\\u202ec');
    expect(['\n', '\u0000', '\u2066'].every((text) => UNPRINTABLE.test(text))).toBe(true);
    expect(UNPRINTABLE.test('Füchse 🦊 grüßen')).toBe(false);
  });
});
