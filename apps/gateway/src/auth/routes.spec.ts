import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCESS_TOKEN, type Problem } from '@agent-forge/contracts';
import { exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey } from 'jose';
import { askable } from '../testing/askable.js';
import { World } from '../testing/world.js';
import { OPEN_ROUTES } from './routes.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

describe('every route', () => {
  test('but the few open ones is closed to whoever has no token', async () => {
    const { url, routes } = world.gateway;
    const asked = askable(routes);
    expect(asked.length).toBeGreaterThan(15);
    const answers = await Promise.all(
      asked.map(async ({ method, route, path }) => {
        const { status } = await fetch(url + path, { method, redirect: 'manual' });
        return { route: `${method} ${route}`, status, isOpen: OPEN_ROUTES.includes(route) };
      }),
    );
    for (const { route, status, isOpen } of answers) expect([route, status]).toEqual([route, isOpen ? 200 : 401]);
    expect(new Set(answers.filter(({ isOpen }) => isOpen).map(({ route }) => route.split(' ')[1]))).toEqual(
      new Set(OPEN_ROUTES),
    );
  });

  test('is described in the OpenAPI document, and nothing else is', async () => {
    const { url, routes } = world.gateway;
    const answer = await fetch(`${url}/docs/json`, { headers: await authorization() });
    const { paths } = (await answer.json()) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const real = routes
      .filter(({ method }) => method !== 'HEAD')
      .map(
        ({ method, url: path }) =>
          `${String(method)} ${path
            .replace(/:(run|delivery)\([^)]*\)/, '{$1}')
            .replaceAll('::', ':')
            .replace(/:(run|id|phase|file|webhook)(?=[/:]|$)/g, '{$1}')
            .replace('*', '{path}')}`,
      );
    expect(described.sort()).toEqual(real.sort());
  });
});

async function authorization(): Promise<{ authorization: string }> {
  const { token } = await world.connect();
  return { authorization: `Bearer ${await token()}` };
}

describe('a token is refused', () => {
  interface Forgery {
    alg?: string;
    typ?: string;
    claims?: Record<string, unknown>;
    key?: 'ours' | 'another';
  }

  /** A token signed with the real key of this installation, but for what the forgery changes. */
  async function forge({
    alg = ACCESS_TOKEN.algorithm,
    typ = ACCESS_TOKEN.type,
    claims = {},
    key = 'ours',
  }: Forgery): Promise<string> {
    const { keys } = (await (await fetch(`${world.authUrl}/.well-known/jwks.json`)).json()) as {
      keys: { kid: string }[];
    };
    const privateKey =
      key === 'ours'
        ? ((await importJWK(await world.signingKey(), 'EdDSA')) as CryptoKey)
        : (await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })).privateKey;
    const now = Math.floor(Date.now() / 1000);
    const all = {
      iss: world.authUrl,
      aud: ACCESS_TOKEN.audience,
      sub: 'admin',
      tenant: 'main',
      jti: 'x',
      roles: ['admin'],
      scope: 'runs:read runs:write',
      gen: now * 1_000,
      iat: now,
      exp: now + 60,
      ...claims,
    };
    const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    return new SignJWT(payload).setProtectedHeader({ alg, typ, kid: keys[0]!.kid }).sign(privateKey);
  }

  const ask = async (authorizationHeader: string) => {
    const answer = await fetch(`${world.gateway.url}/v1/runs`, { headers: { authorization: authorizationHeader } });
    return { status: answer.status, body: (await answer.json()) as Problem };
  };

  test('unless it is a real one: this very way of making one passes', async () => {
    expect((await ask(`Bearer ${await forge({})}`)).status).toBe(200);
  });

  test.each<[string, Forgery]>([
    ['of another issuer', { claims: { iss: 'http://127.0.0.1:1' } }],
    ['for another audience', { claims: { aud: 'another' } }],
    ['that has expired', { claims: { exp: 1_700_000_000, iat: 1_699_999_000 } }],
    ['that is not valid yet', { claims: { nbf: 4_000_000_000 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['without a tenant', { claims: { tenant: undefined } }],
    ['whose tenant is a wildcard', { claims: { tenant: '*' } }],
    ['whose tenant is two tokens of a subject', { claims: { tenant: 'a.b' } }],
    ['whose tenant is no text', { claims: { tenant: { $ne: '' } } }],
    ['of another type', { typ: 'JWT' }],
    ['signed with another key', { key: 'another' }],
  ])('%s', async (_, forgery) => {
    const { status, body } = await ask(`Bearer ${await forge(forgery)}`);
    expect([status, body.code]).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('without a signature, or with the public key as a shared secret', async () => {
    const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const real = await forge({});
    const [, payload = ''] = real.split('.');
    const none = `${b64({ alg: 'none', typ: ACCESS_TOKEN.type })}.${payload}.`;
    expect((await ask(`Bearer ${none}`)).status).toBe(401);
    const { keys } = (await (await fetch(`${world.authUrl}/.well-known/jwks.json`)).json()) as {
      keys: { x: string; kid: string }[];
    };
    const secret = Buffer.from(keys[0]!.x, 'base64url');
    const confused = await new SignJWT(JSON.parse(Buffer.from(payload, 'base64url').toString()))
      .setProtectedHeader({ alg: 'HS256', typ: ACCESS_TOKEN.type, kid: keys[0]!.kid })
      .sign(secret);
    expect((await ask(`Bearer ${confused}`)).status).toBe(401);
  });

  test('that brings its own key, or names where to fetch one', async () => {
    const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
    const jwk = await exportJWK(publicKey);
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      iss: world.authUrl,
      aud: ACCESS_TOKEN.audience,
      sub: 'admin',
      tenant: 'main',
      jti: 'x',
      iat: now,
      exp: now + 60,
    };
    for (const extra of [{ jwk }, { jku: 'http://127.0.0.1:1/keys' }, { kid: '../../etc/passwd' }]) {
      const token = await new SignJWT(payload)
        .setProtectedHeader({ alg: 'EdDSA', typ: ACCESS_TOKEN.type, ...extra })
        .sign(privateKey);
      expect((await ask(`Bearer ${token}`)).status).toBe(401);
    }
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['no token', 'Bearer'],
    ['an empty token', 'Bearer '],
    ['a password', 'Basic YWRtaW46YWRtaW4='],
    ['no JWT', 'Bearer a.b.c'],
    ['a very long text', `Bearer ${'x'.repeat(5_000)}`],
    ['null', 'bearer null'],
  ])('in a header that has %s', async (_, header) => {
    const { status, body } = await ask(header);
    expect([status, body.status, body.code]).toEqual([401, 401, 'UNAUTHENTICATED']);
    expect(JSON.stringify(body)).not.toMatch(/ at |node_modules|\.js/);
  });
});
