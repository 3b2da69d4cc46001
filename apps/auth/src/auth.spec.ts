import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ACCESS_TOKEN, SCOPE_NAMES } from '@agent-forge/contracts';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { makeLogger } from '@agent-forge/runtime';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { readAuthConfig } from './config.js';
import { startAuth } from './start.js';

const logger = makeLogger('auth', { logLevel: 'silent', logFile: undefined });
const start = (dataDir: string, env: Record<string, string> = {}, on = broker) => {
  const { url, user, password } = on.server;
  const nats = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password };
  return startAuth(readAuthConfig({ ...nats, FORGE_DATA_DIR: dataDir, FORGE_PORT: '0', ...env }), logger);
};

let broker: TestBroker;
let dataDir: string;
let auth: { url: string; close(): Promise<void> };
let admin: { clientId: string; clientSecret: string };
beforeAll(async () => {
  broker = await startTestBroker();
  dataDir = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
  auth = await start(dataDir);
  admin = JSON.parse(await readFile(join(dataDir, 'auth', 'admin.json'), 'utf8'));
});
afterAll(async () => {
  await auth?.close();
  await rm(dataDir, { recursive: true, force: true });
  await broker?.stop();
});

function ask(form: Record<string, string> | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${auth.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form), headers });
}
const grant = { grant_type: 'client_credentials' };
const inForm = () => ({ ...grant, client_id: admin.clientId, client_secret: admin.clientSecret });
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
});

describe('tokens', () => {
  test('are given for the credentials in the form or in the header, and verify against the published keys', async () => {
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', auth.url));
    const seen = new Set<string>();
    for (const answer of [await ask(inForm()), await ask(grant, basic(admin.clientId, admin.clientSecret))]) {
      expect(answer.status).toBe(200);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const body = (await answer.json()) as { access_token: string; token_type: string; expires_in: number };
      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 900,
        scope: SCOPE_NAMES.join(' '),
      });
      const { payload, protectedHeader } = await jwtVerify(body.access_token, keys, {
        issuer: auth.url,
        audience: ACCESS_TOKEN.audience,
        typ: ACCESS_TOKEN.type,
        algorithms: [ACCESS_TOKEN.algorithm],
      });
      expect(protectedHeader.kid).toMatch(/^[\w-]{43}$/);
      expect(payload).toMatchObject({
        sub: 'admin',
        tenant: 'main',
        client_id: 'admin',
        roles: ['admin'],
        scope: SCOPE_NAMES.join(' '),
        gen: expect.any(Number),
      });
      expect(payload.exp! - payload.iat!).toBe(900);
      seen.add(payload.jti!);
    }
    expect(seen.size).toBe(2);
  });

  test('survive a restart: key and client are kept', async () => {
    const { access_token: old } = (await (await ask(inForm())).json()) as { access_token: string };
    const again = await start(dataDir, { FORGE_ISSUER: 'https://auth.example' });
    const keys = createRemoteJWKSet(new URL('/.well-known/jwks.json', again.url));
    await jwtVerify(old, keys);
    const answer = await fetch(`${again.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(inForm()) });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    await again.close();
    expect(decodeJwt(token).iss).toBe('https://auth.example');
    expect(decodeProtectedHeader(token)).toEqual(decodeProtectedHeader(old));
  });

  test.each<[string, () => Promise<Response>, number, string]>([
    ['a wrong secret', () => ask({ ...inForm(), client_secret: 'wrong' }), 401, 'invalid_client'],
    ['an unknown client', () => ask({ ...inForm(), client_id: 'nobody' }), 401, 'invalid_client'],
    ['an odd client id', () => ask({ ...inForm(), client_id: '__proto__' }), 401, 'invalid_client'],
    [
      'a secret that goes on',
      () => ask({ ...inForm(), client_secret: `${admin.clientSecret}x` }),
      401,
      'invalid_client',
    ],
    ['no credentials', () => ask(grant), 401, 'invalid_client'],
    ['a broken header', () => ask(grant, { authorization: 'Basic %%%' }), 401, 'invalid_client'],
    ['a bearer header', () => ask(grant, { authorization: 'Bearer abc' }), 401, 'invalid_client'],
    ['credentials twice', () => ask(inForm(), basic(admin.clientId, admin.clientSecret)), 400, 'invalid_request'],
    ['a repeated parameter', () => ask(`${new URLSearchParams(inForm())}&client_id=x`), 400, 'invalid_request'],
    ['no grant', () => ask({ client_id: 'admin' }), 400, 'invalid_request'],
    ['another grant', () => ask({ ...inForm(), grant_type: 'password' }), 400, 'unsupported_grant_type'],
  ])('are refused for %s', async (_, request, status, error) => {
    const answer = await request();
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([status, error]);
    expect(answer.headers.has('www-authenticate')).toBe(status === 401);
  });

  test('are refused for bodies that are too large or no form, with a problem document', async () => {
    const large = await ask({ ...inForm(), extra: 'x'.repeat(100_000) });
    expect([large.status, ((await large.json()) as { code: string }).code]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    const xml = await fetch(`${auth.url}/oauth/token`, {
      method: 'POST',
      body: '<a/>',
      headers: { 'content-type': 'text/xml' },
    });
    expect([xml.status, xml.headers.get('content-type')]).toEqual([415, 'application/problem+json; charset=utf-8']);
  });
});

test('metrics are for whoever has a token', async () => {
  const get = (headers = {}) => fetch(`${auth.url}/metrics`, { headers });
  expect((await get()).status).toBe(401);
  const { access_token: token } = (await (await ask(inForm())).json()) as { access_token: string };
  const answer = await get({ authorization: `Bearer ${token}` });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  expect(await answer.text()).toMatch(/^nodejs_eventloop_lag_p99_seconds\{service="auth"\} \d/m);
});

describe('secrets', () => {
  test('lie in files of their owner alone, differ between installations, and are not published', async () => {
    const dir = join(dataDir, 'auth');
    const files = await readdir(dir);
    expect(files.sort()).toEqual(['admin.json', 'keys', 'service-secret']);
    const [key] = await readdir(join(dir, 'keys'));
    for (const file of ['admin.json', 'service-secret', join('keys', key!)])
      expect([file, (await stat(join(dir, file))).mode & 0o777]).toEqual([file, 0o600]);
    for (const each of [dir, join(dir, 'keys')]) expect((await stat(each)).mode & 0o777).toBe(0o700);
    const { keys } = (await (await fetch(`${auth.url}/.well-known/jwks.json`)).json()) as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(Object.keys(keys[0]!).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
    const other = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
    await (await start(other)).close();
    expect(JSON.parse(await readFile(join(other, 'auth', 'admin.json'), 'utf8')).clientSecret).not.toBe(
      admin.clientSecret,
    );
    await rm(other, { recursive: true });
  });

  test('that others can read, or that are damaged, stop the start with the reason', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
    await (await start(dir)).close();
    const [name] = await readdir(join(dir, 'auth', 'keys'));
    const key = join(dir, 'auth', 'keys', name!);
    await chmod(key, 0o644);
    await expect(start(dir)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('chmod 600'),
    });
    await chmod(key, 0o600);
    await writeFile(key, '{"kty":"RSA"}');
    await expect(start(dir)).rejects.toMatchObject({ message: expect.stringContaining('no Ed25519 key pair') });
    await rm(key);
    const credentials = join(dir, 'auth', 'admin.json');
    for (const [content, problem] of [
      ['{"clientId":"admin"}', 'admin.json is damaged'],
      ['{', 'admin.json is damaged'],
      ['{"clientId":"admin","clientSecret":"changeme"}', 'admin.json is damaged'],
      [`{"clientId":"admin","clientSecret":"${'changeme'.repeat(8)}"}`, 'admin.json is weak'],
      ['{"clientId":"other","clientSecret":"aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fX"}', 'admin.json is damaged'],
    ] as const) {
      await writeFile(credentials, content);
      await expect(start(dir)).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(problem),
      });
    }
    await rm(credentials);
    await writeFile(join(dir, 'auth', 'service-secret'), '0'.repeat(10));
    await expect(start(dir)).rejects.toMatchObject({ message: expect.stringContaining('damaged or weak') });
    await rm(dir, { recursive: true });
  });

  test('are made once, however many processes start at the same moment', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'agent-forge-auth-'));
    const services = await Promise.all([start(dir), start(dir), start(dir)]);
    const published = await Promise.all(
      services.map(async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).text()),
    );
    expect(new Set(published).size).toBe(1);
    await Promise.all(services.map((service) => service.close()));
    await rm(dir, { recursive: true });
  });
});

test('a port that is taken is said in one line', async () => {
  const port = new URL(auth.url).port;
  await expect(start(dataDir, { FORGE_PORT: port })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining(`port ${port} of 127.0.0.1 is in use`),
  });
});
