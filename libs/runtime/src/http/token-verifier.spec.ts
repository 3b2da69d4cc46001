import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import { publishedKeys } from './own-tokens.js';
import { TokenVerifier } from './token-verifier.js';

let server: Server;
let url: string;
let key: CryptoKey;
/** What is published, as it comes. */
let document: string;
let fetches = 0;
const revoked = new Set<string>();
beforeEach(async () => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  key = privateKey;
  document = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'EdDSA', use: 'sig' }] });
  fetches = 0;
  server = createServer((_, response) => {
    fetches += 1;
    response.end(document);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => void close());

function close(): Promise<unknown> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  return closed;
}

async function token(jti: string, kid = 'k1'): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { tenant: 'main', roles: ['builder'], scope: 'runs:read audit:read nonsense', gen: 1 };
  const jwt = new SignJWT({ ...claims, jti, iss: url, aud: 'agent-forge', sub: 'ada', iat: now, exp: now + 900 });
  return `Bearer ${await jwt.setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid }).sign(key)}`;
}

const isRevoked = ({ id }: { id: string }) => revoked.has(id);
const verifier = () =>
  new TokenVerifier({
    keys: publishedKeys(url),
    issuer: () => url,
    revocations: { isRevoked, refresh: async () => undefined },
  });

describe('a verifier', () => {
  test('says who calls, with the scopes that the role may have', async () => {
    expect(await verifier().verify(await token('a'))).toEqual({
      ...{ subject: 'ada', tenant: 'main', role: 'builder', scopes: ['runs:read'] },
    });
  });

  test('fetches the keys once for many tokens, and goes on without their publisher', async () => {
    const one = verifier();
    for (const jti of ['a', 'b', 'c']) await one.verify(await token(jti));
    expect(fetches).toBe(1);
    await close();
    await expect(one.verify(await token('d'))).resolves.toMatchObject({ subject: 'ada' });
  });

  test('refuses a token that it knows as soon as it is revoked', async () => {
    const [one, known] = [verifier(), await token('e')];
    await one.verify(known);
    revoked.add('e');
    await expect(one.verify(known)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('does not call tokens bad when it cannot have the keys', async () => {
    const broken = ['', '<html>', '{}', '{"keys":"none"}'];
    for (document of broken)
      await expect(verifier().verify(await token('f'))).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
    await close();
    await expect(verifier().verify(await token('f'))).rejects.toMatchObject({ code: 'AUTH_UNAVAILABLE' });
  });

  test('does not ask for keys as often as somebody makes up their names', async () => {
    const one = verifier();
    await one.verify(await token('g'));
    for (let i = 0; i < 20; i++)
      await expect(one.verify(await token('h', `made up ${i}`))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(fetches).toBe(1);
  });
});
