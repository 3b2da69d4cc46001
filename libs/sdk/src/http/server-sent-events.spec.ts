import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readServerSentEvents, type ServerSentEvent } from './server-sent-events.js';

async function read(...chunks: (string | Uint8Array)[]): Promise<ServerSentEvent[]> {
  const events: ServerSentEvent[] = [];
  const body = (async function* () {
    for (const chunk of chunks) yield Buffer.from(chunk as string);
  })();
  for await (const event of readServerSentEvents(body)) events.push(event);
  return events;
}

describe('an event stream', () => {
  test.each<[string, string, ServerSentEvent[]]>([
    ['an event with all fields', 'id: 7\nevent: ping\ndata: x\n\n', [{ id: '7', name: 'ping', data: 'x' }]],
    ['several lines of data', 'data: a\ndata:b\ndata\n\n', [{ id: '', name: 'message', data: 'a\nb\n' }]],
    [
      'comments, and events without data',
      ': hello\n\nevent: x\n\ndata: y\n\n',
      [{ id: '', name: 'message', data: 'y' }],
    ],
    [
      'an id that stays',
      'id: 1\ndata: a\n\ndata: b\n\n',
      [
        { id: '1', name: 'message', data: 'a' },
        { id: '1', name: 'message', data: 'b' },
      ],
    ],
    ['one blank after the colon, and only one', 'data:  x\n\n', [{ id: '', name: 'message', data: ' x' }]],
    ['unknown fields', 'retry: 10\nfoo: bar\ndata: x\n\n', [{ id: '', name: 'message', data: 'x' }]],
    ['an id with a NUL, which does not count', 'id: a\0b\ndata: x\n\n', [{ id: '', name: 'message', data: 'x' }]],
    [
      'lines that end in CR, or in both',
      'data: a\r\rdata: b\r\n\r\n',
      [
        { id: '', name: 'message', data: 'a' },
        { id: '', name: 'message', data: 'b' },
      ],
    ],
    ['an end inside of an event, which is left out', 'data: a\n\ndata: b\n', [{ id: '', name: 'message', data: 'a' }]],
    ['nothing', '', []],
  ])('with %s', async (_, text, events) => {
    expect(await read(text)).toEqual(events);
  });

  test('is the same wherever it is cut', async () => {
    const text = Buffer.from(
      'id: 1\r\nevent: größe\r\ndata: {"a":"犬"}\r\n\r\n: c\n\ndata: b\ndata: c\n\nid: 3\rdata: d\r\r\n',
    );
    const whole = await read(text);
    expect(whole).toHaveLength(3);
    const cuts = fc.uniqueArray(fc.integer({ min: 0, max: text.length }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const places = [0, ...at.sort((a, b) => a - b), text.length];
        const chunks = places.slice(1).map((end, i) => text.subarray(places[i], end));
        expect(await read(...chunks)).toEqual(whole);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('whose line never ends is refused', async () => {
    const endless = Array.from({ length: 40 }, () => 'x'.repeat(65_536));
    await expect(read('data: ', ...endless)).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  });

  test('whose event never ends is refused', async () => {
    const endless = Array.from({ length: 40 }, () => `data: ${'x'.repeat(65_536)}\n`);
    await expect(read(...endless)).rejects.toMatchObject({ code: 'INVALID_EVENT' });
  });
});
