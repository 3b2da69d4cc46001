import { expect, test } from '@jest/globals';
import { formatTraceparent, nextTrace, parseTraceparent } from './trace.js';

const example = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const random = Uint8Array.from({ length: 24 }, (_, i) => i + 1);

test('a trace context goes round and hands its trace on', () => {
  const context = parseTraceparent(example)!;
  expect(formatTraceparent(context)).toBe(example);
  const next = nextTrace(context, random);
  expect(next).toEqual({ traceId: context.traceId, spanId: '0102030405060708' });
  expect(parseTraceparent(formatTraceparent(nextTrace(undefined, random)))).toEqual({
    traceId: '090a0b0c0d0e0f101112131415161718',
    spanId: '0102030405060708',
  });
});

test.each([
  undefined,
  '',
  example.slice(1),
  example.toUpperCase(),
  example.replace('00-', 'ff-'),
  `${example}-x`,
  '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
  '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
])('%p is no trace context', (header) => {
  expect(parseTraceparent(header)).toBeUndefined();
});
