import { lookup, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { post } from './post.js';
import { TargetPolicy, type Resolver } from './target.js';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A real server on loopback. @returns its host with the port */
async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  open.push(server);
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const send = (policy: TargetPolicy, url: string, timeoutMs?: number) =>
  post(policy, { url, headers: { 'x-test': '1' }, body: Buffer.from('{}') }, timeoutMs);

test('a trusted target gets body and headers, and its status counts', async () => {
  const seen: [IncomingMessage, string][] = [];
  const host = await serve((request, response) => {
    request.on('data', (chunk: Buffer) => seen.push([request, chunk.toString()]));
    response.writeHead(204).end();
  });
  const attempt = await send(new TargetPolicy([host]), `http://${host}/hook`);
  expect(attempt).toEqual({ at: expect.any(String), durationMs: expect.any(Number), status: 204 });
  const [[request, body]] = seen as [[IncomingMessage, string]];
  expect([request.method, request.url, body, request.headers['x-test']]).toEqual(['POST', '/hook', '{}', '1']);
});

test.each([500, 404, 410, 301, 302, 307, 308])('status %i is a failure', async (status) => {
  let asked = 0;
  const inside = await serve((_, response) => void (asked++, response.end()));
  const host = await serve((_, response) =>
    response.writeHead(status, { location: `http://${inside}/` }).end('secret'),
  );
  const attempt = await send(new TargetPolicy([host, inside]), `http://${host}/`);
  expect(attempt).toMatchObject({ status, problem: expect.stringMatching(`answered ${status}`) });
  expect([asked, JSON.stringify(attempt).includes('secret')]).toEqual([0, false]);
});

test('a target that is not trusted hears nothing, though it is there', async () => {
  let asked = 0;
  const host = await serve((_, response) => void (asked++, response.end()));
  const { port } = new URL(`http://${host}`);
  const policy = new TargetPolicy([]);
  for (const url of [`http://${host}/`, `https://${host}/`, `https://localhost:${port}/`, `https://[::1]:${port}/`])
    expect(await send(policy, url)).toMatchObject({ problem: expect.stringMatching(/must be https|not at a public/) });
  expect(asked).toBe(0);
});

test('a name that answers with another address the second time wins nothing: the connection goes to what was checked', async () => {
  let asked = 0;
  const host = await serve((_, response) => void (asked++, response.end()));
  const { port } = new URL(`http://${host}`);
  const answers = ['203.0.114.1', '127.0.0.1'];
  const given: string[] = [];
  const rebinding = ((_host: string, _options: object, done: (error: null, all: LookupAddress[]) => void) => {
    const address = answers.shift()!;
    given.push(address);
    done(null, [{ address, family: 4 }]);
  }) as unknown as Resolver;
  const policy = new TargetPolicy([], rebinding);
  await policy.check(`https://rebind.example:${port}/`);
  expect(await send(policy, `https://rebind.example:${port}/`, 500)).toMatchObject({
    problem: 'the target is not at a public address',
  });
  expect([given, asked]).toEqual([['203.0.114.1', '127.0.0.1'], 0]);
});

test('the name is asked once for each connection, and the connection goes to that answer', async () => {
  let asked = 0;
  const host = await serve((_, response) => void (asked++, response.end()));
  const { port } = new URL(`http://${host}`);
  let looked = 0;
  const counting = ((_host: string, options: object, done: never) => (
    looked++,
    lookup('127.0.0.1', options, done)
  )) as unknown as Resolver;
  const attempt = await send(new TargetPolicy(['hooks.internal'], counting), `http://hooks.internal:${port}/`);
  expect([attempt.status, looked, asked]).toEqual([200, 1, 1]);
});

test.each<[string, RequestListener, RegExp]>([
  ['never answers', () => undefined, /gave no answer within 300 ms/],
  ['begins an answer and never ends it', (_, response) => void response.writeHead(200).write('x'), /within 300 ms/],
  ['hangs up', (request) => void request.socket.destroy(), /cannot be reached \(ECONNRESET\)/],
  ['talks no HTTP', (request) => void request.socket.end('SSH-2.0-x secret\r\n'), /cannot be reached \(HPE_/],
])('a target that %s fails, in bounded time', async (_, listener, problem) => {
  const host = await serve(listener);
  const attempt = await send(new TargetPolicy([host]), `http://${host}/`, 300);
  expect(attempt.problem).toMatch(problem);
  expect(attempt.problem).not.toMatch(/secret/);
});

test('an answer of 10 MB is cut after its first part', async () => {
  let sent = 0;
  const host = await serve(async (_, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(64 * 1024);
    for (; sent < 10_000_000 && !response.destroyed; sent += chunk.length)
      if (!response.write(chunk)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  });
  expect(await send(new TargetPolicy([host]), `http://${host}/`)).toMatchObject({ status: 200 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(sent).toBeLessThan(10_000_000);
});
