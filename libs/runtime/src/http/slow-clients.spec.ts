import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Body, Controller, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createHttpApp, listen } from './http-app.js';
import { MIN_BYTES } from './slow-clients.js';

@Controller()
class Echo {
  @Post('echo')
  echo(@Body() body: object): object {
    return body;
  }
}
@Module({ controllers: [Echo] })
class EchoModule {}

const PATIENCE = { headersMs: 600, windowMs: 1_000, requestMs: 60_000 };
/** Far longer than any of it, on a busy machine too. */
const LONG_MS = 30_000;

let app: NestFastifyApplication;
let port: number;
beforeAll(async () => {
  app = await createHttpApp(EchoModule, pino({ level: 'silent' }), { patience: PATIENCE });
  port = Number(new URL(await listen(app, { port: 0, host: '127.0.0.1', tls: undefined })).port);
});
afterAll(() => app?.close());

/** A connection, and all that the server says on it until it has ended. */
function open(): { socket: Socket; answer: Promise<string> } {
  const socket = connect(port);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  // Whoever still sends may find the connection reset: that is an end like any other.
  socket.on('error', () => undefined);
  const answer = new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the connection stays open')), LONG_MS);
    socket.once('close', () => {
      clearTimeout(late);
      resolve(text);
    });
  });
  return { socket, answer };
}

/** Sends a text byte by byte for as long as somebody listens. */
async function drip(socket: Socket, text: string): Promise<void> {
  for (const byte of text) {
    if (!socket.writable) return;
    socket.write(byte);
    await sleep(50);
  }
}

const head = (length: number, more = '') =>
  `POST /echo HTTP/1.1\r\nHost: forge\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`;

describe('a slow client', () => {
  test('that never ends its headers is told so, and the connection ends', async () => {
    const { socket, answer } = open();
    void drip(socket, `GET /echo HTTP/1.1\r\nX-Slow: ${'a'.repeat(10_000)}`);
    expect(await answer).toBe('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });

  test('that opens a connection and says nothing loses it', async () => {
    expect(await open().answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  test('whose body never comes, or byte by byte, loses the connection without an answer', async () => {
    const [silent, dripping] = [open(), open()];
    silent.socket.write(head(1_000));
    dripping.socket.write(head(10_000));
    void drip(dripping.socket, '[1,'.repeat(3_000));
    expect(await Promise.all([silent.answer, dripping.answer])).toEqual(['', '']);
  });

  test('with chunks is no better', async () => {
    const { socket, answer } = open();
    socket.write(head(0).replace(/Content-Length: 0/, 'Transfer-Encoding: chunked'));
    void drip(socket, '1\r\n1\r\n'.repeat(2_000));
    expect(await answer).toBe('');
  });

  test('that is only slow enough gets its answer', async () => {
    const { socket, answer } = open();
    const body = JSON.stringify({ text: 'a'.repeat(3 * MIN_BYTES) });
    socket.write(head(body.length, 'Connection: close\r\n'));
    const part = Math.ceil(body.length / 16);
    for (let i = 0; i < 16; i++) {
      socket.write(body.slice(i * part, (i + 1) * part));
      await sleep(PATIENCE.windowMs / 10);
    }
    expect(await answer).toMatch(/^HTTP\/1\.1 201 Created\r\n/);
  });

  test('does not keep others waiting', async () => {
    const slow = Array.from({ length: 200 }, open);
    for (const { socket } of slow) socket.write(head(1_000));
    const answer = await fetch(`http://127.0.0.1:${port}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect([answer.status, await answer.json()]).toEqual([201, { a: 1 }]);
    expect(new Set(await Promise.all(slow.map((each) => each.answer)))).toEqual(new Set(['']));
  });
});
