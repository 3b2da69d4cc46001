import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EnvReader } from '../env.js';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { readOutsideIssuer } from './outside-config.js';
import type { OutsideIssuer } from './outside-issuer.js';
import { TokenVerifier } from './token-verifier.js';

let server: Server;
let issuer: string;
let keys: { rsa: CryptoKey; ec: CryptoKey; stranger: CryptoKey };
let requests = 0;
const published: JWK[] = [];
beforeAll(async () => {
  const [rsa, ec, stranger] = await Promise.all(['RS256', 'ES256', 'RS256'].map((alg) => generateKeyPair(alg)));
  published.push({ ...(await exportJWK(rsa!.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' });
  published.push({ ...(await exportJWK(ec!.publicKey)), kid: 'ec', alg: 'ES256', use: 'sig' });
  keys = { rsa: rsa!.privateKey, ec: ec!.privateKey, stranger: stranger!.privateKey };
  server = createServer(({ url }, response) => {
    requests += 1;
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer, jwks_uri: `${issuer}/keys` },
      '/keys': { keys: published },
    };
    response.writeHead(documents[url!] ? 200 : 404).end(JSON.stringify(documents[url!] ?? {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server?.close());

const now = () => Math.floor(Date.now() / 1_000);

interface Forgery {
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  key?: 'rsa' | 'ec' | 'stranger';
}

async function tokenOf({ claims = {}, header = {}, key = 'rsa' }: Forgery = {}): Promise<string> {
  const all = { iss: issuer, aud: 'forge', sub: 'u-17', iat: now(), exp: now() + 600, groups: ['devs'], ...claims };
  const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  const alg = key === 'ec' ? 'ES256' : 'RS256';
  return new SignJWT(payload)
    .setProtectedHeader({ alg, kid: key === 'ec' ? 'ec' : 'rsa', typ: 'JWT', ...header })
    .sign(keys[key]);
}

function verifier(change: Partial<OutsideIssuer> = {}): TokenVerifier {
  const outside: OutsideIssuer = {
    ...{ issuer, audience: 'forge', roleClaim: 'groups', roles: { devs: 'builder', root: 'admin' } },
    ...{ tenantClaim: undefined, tenant: 'main', ...change },
  };
  const none = () => Promise.reject(new Error('the keys of our own service were asked for'));
  const isRevoked = ({ tenant }: { tenant: string }) => !['main', 'acme'].includes(tenant);
  return new TokenVerifier({
    keys: none,
    issuer: () => 'https://ours',
    revocations: { isRevoked, refresh: async () => undefined },
    outside,
  });
}

const verify = async (forgery: Forgery, change?: Partial<OutsideIssuer>) =>
  verifier(change).verify(`Bearer ${await tokenOf(forgery)}`);

describe('a token of a trusted outside issuer', () => {
  test('gives the role that the mapping says, the strongest of several, to a subject that is none of ours', async () => {
    expect(await verify({})).toMatchObject({ subject: 'oidc:u-17', tenant: 'main', role: 'builder' });
    expect(await verify({ claims: { groups: ['devs', 'root', 'others'] }, key: 'ec' })).toMatchObject({
      role: 'admin',
    });
    expect(await verify({ claims: { groups: 'root' }, header: { typ: 'at+jwt' } })).toMatchObject({ role: 'admin' });
  });

  test('may have role and tenant further inside', async () => {
    const claims = { realm_access: { roles: ['root'] }, org: 'acme' };
    const change = { roleClaim: 'realm_access.roles', tenantClaim: 'org' };
    expect(await verify({ claims }, change)).toMatchObject({ role: 'admin', tenant: 'acme' });
    const url = { claims: { 'https://x.example/roles': ['devs'] } };
    expect(await verify(url, { roleClaim: 'https://x.example/roles' })).toMatchObject({ role: 'builder' });
  });

  test.each<[string, Forgery, Partial<OutsideIssuer>?]>([
    ['for another audience', { claims: { aud: 'other' } }],
    ['without an audience', { claims: { aud: undefined } }],
    ['signed by a stranger', { key: 'stranger' }],
    ['that has expired', { claims: { exp: now() - 60 } }],
    ['without an end', { claims: { exp: undefined } }],
    ['that is older than an hour', { claims: { iat: now() - 4_000 } }],
    ['of the future', { claims: { iat: now() + 600 } }],
    ['without a time', { claims: { iat: undefined } }],
    ['without a role', { claims: { groups: undefined } }],
    ['with roles that say nothing here', { claims: { groups: ['everyone'] } }],
    ['whose role is the name of ours', { claims: { groups: ['admin', 'builder'] } }],
    ['whose role is a name of JavaScript', { claims: { groups: ['constructor', '__proto__'] } }],
    ['whose role is an object', { claims: { groups: { root: true } } }],
    ['that is an id token: nonce', { claims: { nonce: 'x' } }],
    ['that is an id token: at_hash', { claims: { at_hash: 'x' } }],
    ['that is an id token of Keycloak', { claims: { typ: 'ID' } }],
    ['that is a logout token', { header: { typ: 'logout+jwt' } }],
    ['without a subject', { claims: { sub: undefined } }],
    ['whose subject breaks lines', { claims: { sub: 'a\nb' } }],
    ['of a tenant that there is not', { claims: { org: 'nowhere' } }, { tenantClaim: 'org' }],
    ['of a tenant that is a wildcard', { claims: { org: '>' } }, { tenantClaim: 'org' }],
    ['without the tenant that it must name', {}, { tenantClaim: 'org' }],
    ['that names a key of its own', { header: { kid: 'other', jku: 'http://127.0.0.1:1/' }, key: 'stranger' }],
  ])('%s is refused', async (_, forgery, change = {}) => {
    await expect(verify(forgery, change)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('is checked without the issuer once its keys are known', async () => {
    const one = verifier();
    await one.verify(`Bearer ${await tokenOf()}`);
    const before = requests;
    for (let i = 0; i < 5; i++) await one.verify(`Bearer ${await tokenOf({ claims: { jti: String(i) } })}`);
    expect(requests).toBe(before);
  });

  test('cannot be checked when its issuer is not there, or gives itself out as another', async () => {
    for (const elsewhere of ['http://127.0.0.1:1', `${issuer}/other`]) {
      const token = await tokenOf({ claims: { iss: elsewhere } });
      await expect(verifier({ issuer: elsewhere }).verify(`Bearer ${token}`)).rejects.toMatchObject({
        code: 'AUTH_UNAVAILABLE',
      });
    }
  });
});

describe('the configuration of an outside issuer', () => {
  const env = {
    FORGE_OIDC_ISSUER: 'https://id.example/realms/forge',
    FORGE_OIDC_AUDIENCE: 'forge',
    FORGE_OIDC_ROLES: 'forge-admins=admin, cn=dev,builders=builder',
  };
  const read = (change: Record<string, string>) => {
    const reader = new EnvReader({ ...env, ...change });
    const outside = readOutsideIssuer(reader);
    reader.check();
    return outside;
  };

  test('is read, and none is trusted without it', () => {
    expect(read({ FORGE_OIDC_ROLES: 'forge-admins=admin,cn=builders=builder' })).toEqual({
      ...{ issuer: 'https://id.example/realms/forge', audience: 'forge', roleClaim: 'roles' },
      ...{ roles: { 'forge-admins': 'admin', 'cn=builders': 'builder' }, tenantClaim: undefined, tenant: 'main' },
    });
    expect(readOutsideIssuer(new EnvReader({}))).toBeUndefined();
  });

  test.each([
    [{ FORGE_OIDC_ISSUER: 'http://id.example' }, /must be an https URL/],
    [{ FORGE_OIDC_ISSUER: 'id.example' }, /must be an https URL/],
    [{ FORGE_OIDC_AUDIENCE: ' ' }, /FORGE_OIDC_AUDIENCE is missing/],
    [{ FORGE_OIDC_ROLES: '' }, /FORGE_OIDC_ROLES is missing/],
    [{ FORGE_OIDC_ROLES: 'admins' }, /must be value=role/],
    [{ FORGE_OIDC_ROLES: 'admins=root' }, /must be value=role/],
    [{ FORGE_OIDC_TENANT: 'a.b' }, /FORGE_OIDC_TENANT=a.b must be/],
  ])('%j is refused', (change, problem) => expect(() => read(change)).toThrow(problem));
});
