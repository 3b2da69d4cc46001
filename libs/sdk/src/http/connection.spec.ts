import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { getRun } from '../verbs/get-run.js';
import { watchRun } from '../verbs/watch-run.js';
import type { Connection } from './connection.js';

let server: Server | undefined;
afterEach(() => {
  server?.close();
  server?.closeAllConnections();
});

/** Something that answers where a gateway should: what stands between may do anything. */
async function behind(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<Connection> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: () => Promise.resolve('t') };
}

test.each<[string, number, string, string, string]>([
  [
    'a problem of ours',
    404,
    'application/problem+json',
    '{"code":"NOT_FOUND","detail":"there is no such run"}',
    'NOT_FOUND',
  ],
  ['a problem with a code of nobody', 400, 'application/problem+json', '{"code":"constructor"}', 'INVALID_ARGUMENT'],
  ['the page of a proxy', 502, 'text/html', '<html>Bad Gateway</html>', 'BROKER_UNAVAILABLE'],
  ['a problem cut short', 500, 'application/problem+json', '{"code":"NOT_', 'BROKER_UNAVAILABLE'],
  ['no JSON where there should be some', 200, 'text/html', '<html>', 'BROKER_UNAVAILABLE'],
])('%s becomes one of our errors', async (_, status, type, body, code) => {
  const connection = await behind((_request, response) =>
    response.writeHead(status, { 'content-type': type }).end(body),
  );
  await expect(getRun(connection, 'r1')).rejects.toMatchObject({ name: 'ForgeError', code });
});

test('a gateway that is not there is named', async () => {
  const connection = { url: 'http://127.0.0.1:1', token: () => Promise.resolve('t') };
  await expect(getRun(connection, 'r1')).rejects.toMatchObject({
    code: 'BROKER_UNAVAILABLE',
    message: expect.stringMatching(/http:\/\/127\.0\.0\.1:1 does not answer/),
  });
});

test('the token goes to the gateway and nowhere else, whatever it answers', async () => {
  const connection = await behind((_request, response) =>
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  );
  await expect(getRun(connection, 'r1')).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});

test('ids cannot reach other routes', async () => {
  const seen: string[] = [];
  const connection = await behind((request, response) => {
    seen.push(request.url!);
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{"code":"NOT_FOUND"}');
  });
  for (const id of ['../artifacts', 'a/b', 'a?x=1', 'a#b']) {
    await expect(getRun(connection, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  }
  expect(seen).toEqual(['/v1/runs/..%2Fartifacts', '/v1/runs/a%2Fb', '/v1/runs/a%3Fx%3D1', '/v1/runs/a%23b']);
});

test('a watcher gives up on what is no event of ours', async () => {
  const connection = await behind((_request, response) => {
    response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .end('id: 1.0\nevent: x\ndata: {"specversion":"1.0"}\n\n');
  });
  const watching = watchRun(connection, 'r1').next();
  await expect(watching).rejects.toMatchObject({ code: 'INVALID_EVENT' });
});
