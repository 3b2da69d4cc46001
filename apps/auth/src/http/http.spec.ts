import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SCOPE_NAMES, type SigningKeyList, type SigningKeyView } from '@agent-forge/contracts';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { World } from '../testing/world.js';
import { OPEN_ROUTES } from './routes.js';

let world: World;
beforeAll(async () => void (world = await World.create()));
afterAll(() => world?.destroy());

test('the discovery document names what there is, and only that', async () => {
  const { body } = await world.ask<Record<string, unknown>>('GET', '/.well-known/openid-configuration');
  expect((await world.ask('GET', '/.well-known/oauth-authorization-server')).body).toEqual(body);
  const { url } = world.auth;
  expect(body).toMatchObject({ issuer: url, scopes_supported: SCOPE_NAMES });
  for (const [name, value] of Object.entries(body)) {
    if (!name.endsWith('_endpoint') && name !== 'jwks_uri') continue;
    const answer = await fetch(
      String(value),
      name === 'jwks_uri' ? {} : { method: 'POST', body: new URLSearchParams() },
    );
    expect([name, answer.status]).toEqual([name, name === 'jwks_uri' ? 200 : 400]);
  }
  for (const grant_type of body['grant_types_supported'] as string[]) {
    const answer = await world.ask<{ error: string }>('POST', '/oauth/token', { form: { grant_type } });
    expect([grant_type, answer.body.error]).not.toEqual([grant_type, 'unsupported_grant_type']);
  }
});

test('a new key is published at once and signs later; tokens of the old one stay good', async () => {
  const token = await world.token();
  const made = await world.ask<SigningKeyView>('POST', '/v1/signing-keys', { token });
  expect([made.status, made.body.state]).toEqual([201, 'next']);
  const { keys } = (await world.ask<SigningKeyList>('GET', '/v1/signing-keys', { token })).body;
  expect(keys.map(({ state }) => state)).toEqual(['next', 'signing']);
  const published = createRemoteJWKSet(new URL('/.well-known/jwks.json', world.auth.url));
  for (const each of [token, await world.token()]) {
    await jwtVerify(each, published);
    expect(decodeProtectedHeader(each).kid).toBe(keys[1]!.kid);
  }
});

test('no route but the few open ones answers whoever has no token', async () => {
  const closed = ['/v1/users', '/v1/clients', '/v1/tenants', '/v1/keys', '/v1/me', '/v1/signing-keys', '/metrics'];
  for (const path of closed) expect([path, (await world.ask('GET', path)).status]).toEqual([path, 401]);
  for (const path of OPEN_ROUTES) expect([path, (await world.ask('GET', path)).status]).not.toEqual([path, 401]);
});
