import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { clientCredentials, sessionTokens, type Session, type TokenSource } from './tokens.js';

let server: Server;
afterEach(() => void server?.close());

/** A token endpoint as RFC 6749 has it, with answers of the test's choice. */
async function source(
  answer: (asked: number, form: URLSearchParams) => { status: number; body: string },
): Promise<TokenSource> {
  let asked = 0;
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { status, body } = answer(++asked, new URLSearchParams(Buffer.concat(parts).toString()));
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return clientCredentials({ authUrl: `http://127.0.0.1:${port}`, clientId: 'c', clientSecret: 's&=' });
}

const token = (text: string, seconds: number) => ({
  status: 200,
  body: JSON.stringify({ access_token: text, token_type: 'Bearer', expires_in: seconds }),
});

test('a token serves many requests, and one request for it serves all that wait', async () => {
  const tokens = await source((asked, form) => {
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'client_credentials',
      client_id: 'c',
      client_secret: 's&=',
    });
    return token(`t${asked}`, 900);
  });
  expect(await Promise.all([tokens(), tokens(), tokens()])).toEqual(['t1', 't1', 't1']);
  expect(await tokens()).toBe('t1');
});

test('a token that ends soon is replaced before it does', async () => {
  const tokens = await source((asked) => token(`t${asked}`, 20));
  expect([await tokens(), await tokens(), await tokens()]).toEqual(['t1', 't2', 't3']);
});

test('a failure is told, and the next request tries again', async () => {
  const refused = { status: 401, body: '{"error":"invalid_client","error_description":"no such client"}' };
  const tokens = await source((asked) => [refused, { status: 502, body: '<html>' }, token('t3', 900)][asked - 1]!);
  await expect(tokens()).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('no such client'),
  });
  await expect(tokens()).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  expect(await tokens()).toBe('t3');
  server.close();
  server.closeAllConnections();
  const nobody = clientCredentials({ authUrl: 'http://127.0.0.1:1', clientId: 'c', clientSecret: 's' });
  await expect(nobody()).rejects.toMatchObject({
    code: 'AUTH_UNAVAILABLE',
    message: expect.stringContaining('127.0.0.1:1'),
  });
});

test('a session is refreshed once for all that wait, with the newest refresh token, which is kept before its access token is used', async () => {
  const asked: string[] = [];
  const kept: Session[] = [];
  await source((count, form) => {
    expect(form.get('grant_type')).toBe('refresh_token');
    asked.push(form.get('refresh_token')!);
    // The second access token ends at once.
    const body = { access_token: `t${count}`, expires_in: count === 1 ? 10 : 900, refresh_token: `r${count}` };
    return { status: 200, body: JSON.stringify(body) };
  });
  const { port } = server.address() as AddressInfo;
  const first = { accessToken: 't0', endsAtMs: Date.now() + 900_000, refreshToken: 'r0' };
  const url = `http://127.0.0.1:${port}`;
  expect(await sessionTokens(url, first)()).toBe('t0');
  const tokens = sessionTokens(url, { ...first, endsAtMs: 0 }, (session) => void kept.push(session));
  expect(await Promise.all([tokens(), tokens(), tokens()])).toEqual(['t1', 't1', 't1']);
  expect(kept.map(({ refreshToken }) => refreshToken)).toEqual(['r1']);
  expect([await tokens(), await tokens()]).toEqual(['t2', 't2']);
  expect(asked).toEqual(['r0', 'r1']);
});
