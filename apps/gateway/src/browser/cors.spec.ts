import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readGatewayConfig } from '../config.js';
import { World } from '../testing/world.js';

const PAGE = 'https://forge.example';
const OTHER_PAGE = 'http://127.0.0.1:5173';

let world: World;
let closed: World;
let authorization: string;
beforeAll(async () => {
  [world, closed] = await Promise.all([
    World.create({ FORGE_CORS_ORIGINS: ` ${PAGE}, ${OTHER_PAGE},` }),
    World.create(),
  ]);
  authorization = `Bearer ${await (await world.connect()).token()}`;
});
afterAll(() => Promise.all([world?.destroy(), closed?.destroy()]));

const ask = (path: string, headers: Record<string, string>, method = 'GET', at = world) =>
  fetch(at.gateway.url + path, { method, headers });
/** The headers of an answer that a browser takes as leave. */
const leave = ({ headers }: Response) => [...headers.keys()].filter((name) => name.startsWith('access-control-'));
const preflight = (origin: string, at = world, path = '/v1/runs') =>
  ask(
    path,
    { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    'OPTIONS',
    at,
  );

describe('pages of an origin that is allowed', () => {
  test.each([PAGE, OTHER_PAGE])('%s may ask before they ask, without a token', async (origin) => {
    const answer = await preflight(origin);
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'last-event-id', 'if-match'])
      expect(answer.headers.get('access-control-allow-headers')!.toLowerCase()).toContain(name);
    expect(answer.headers.get('vary')).toBe('Origin');
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
  });

  test('read answers, refusals too, and never with credentials of the browser', async () => {
    for (const [path, headers, status] of [
      ['/v1/runs', { authorization }, 200],
      ['/v1/runs', {}, 401],
      ['/v1/runs/nothing', { authorization }, 404],
      ['/nowhere', { authorization }, 404],
      ['/v1/models', { authorization }, 405],
    ] as const) {
      const answer = await ask(path, { origin: PAGE, ...headers });
      expect([path, answer.status]).toEqual([path, status]);
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(answer.headers.get('vary')).toBe('Origin');
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    }
  });

  test('get no further than a token goes: leave to ask is no leave to do', async () => {
    const answer = await ask('/v1/runs', { origin: PAGE, authorization: 'Bearer x' }, 'POST');
    expect(answer.status).toBe(401);
  });
});

describe('all other pages get no leave', () => {
  test.each([
    'https://evil.example',
    `${PAGE}.evil.example`,
    `${PAGE}:8443`,
    'http://forge.example',
    'https://sub.forge.example',
    'HTTPS://FORGE.EXAMPLE',
    `${PAGE}/`,
    `${PAGE}, ${OTHER_PAGE}`,
    'null',
    '*',
    '',
  ])('"%s"', async (origin) => {
    const asked = await preflight(origin);
    expect([asked.status, leave(asked)]).toEqual([405, []]);
    const answer = await ask('/v1/runs', { origin, authorization });
    expect([answer.status, leave(answer)]).toEqual([200, []]);
    // A cache must not give this answer to a page that may have it.
    expect(answer.headers.get('vary')).toBe('Origin');
  });

  test('nor does anybody where no origin is named', async () => {
    const asked = await preflight(PAGE, closed);
    expect([asked.status, leave(asked)]).toEqual([405, []]);
    const answer = await ask('/health', { origin: PAGE }, 'GET', closed);
    expect([answer.status, leave(answer), answer.headers.has('vary')]).toEqual([200, [], false]);
  });
});

describe('FORGE_CORS_ORIGINS', () => {
  const read = (value: string) =>
    readGatewayConfig({
      NATS_URL: 'nats://127.0.0.1',
      FORGE_DATA_DIR: '/x',
      FORGE_AUTH_URL: 'https://a',
      FORGE_CORS_ORIGINS: value,
    });

  test('is none by default, and names each origin once', () => {
    expect(read('').origins).toEqual([]);
    expect(read(`${PAGE},${PAGE} , ${OTHER_PAGE}`).origins).toEqual([PAGE, OTHER_PAGE]);
  });

  test.each([
    '*',
    'https://*.example',
    'null',
    'forge.example',
    'https://forge.example/',
    'https://forge.example/path',
    'https://user@forge.example',
    'https://forge.example:443',
    'HTTPS://forge.example',
    'file:///x',
    'javascript:alert(1)',
  ])('"%s" stops the start with the reason', (value) => {
    expect(() => read(`${PAGE},${value}`)).toThrow(`FORGE_CORS_ORIGINS: "${value}" is no origin`);
  });
});
