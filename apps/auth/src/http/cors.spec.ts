import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUTH_PATHS } from '@agent-forge/contracts';
import { PASSWORD, World } from '../testing/world.js';
import type { RunningAuth } from '../start.js';

const PAGE = 'https://forge.example';

let world: World;
let open: RunningAuth;
beforeAll(async () => {
  world = await World.create();
  await world.makeUser('ada');
  open = await world.replica({ FORGE_CORS_ORIGINS: PAGE });
});
afterAll(async () => {
  await open?.close();
  await world?.destroy();
});

const login = (url: string, origin: string) =>
  fetch(url + AUTH_PATHS.login, {
    method: 'POST',
    headers: { origin, 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ada', password: PASSWORD }),
  });
const preflight = (url: string, origin: string) => {
  const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  return fetch(url + AUTH_PATHS.login, { method: 'OPTIONS', headers });
};
const leave = ({ headers }: Response) => headers.get('access-control-allow-origin');

test('a page whose origin is named may log a user in, and no other page may', async () => {
  expect([(await preflight(open.url, PAGE)).status, leave(await preflight(open.url, PAGE))]).toEqual([204, PAGE]);
  const answer = await login(open.url, PAGE);
  expect([answer.status, leave(answer), answer.headers.has('access-control-allow-credentials')]).toEqual([
    200,
    PAGE,
    false,
  ]);
  for (const [url, origin] of [
    [open.url, 'https://evil.example'],
    [world.auth.url, PAGE],
  ] as const) {
    expect(leave(await preflight(url, origin))).toBeNull();
    expect(leave(await login(url, origin))).toBeNull();
  }
});
