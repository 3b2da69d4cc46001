import { createPublicKey, type JsonWebKeyInput } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '@agent-forge/contracts';
import { STRANGER_JWK, TokenForge, type Forgery } from '../testing/forge-token.js';
import { World } from '../testing/world.js';

/** The published key, which every attacker has. */
let published: { kid: string; x: string };
let world: World;
let tokens: TokenForge;
beforeAll(async () => {
  world = await World.create();
  const answer = await fetch(`${world.authUrl}/.well-known/jwks.json`);
  [published] = ((await answer.json()) as { keys: [typeof published] }).keys;
  tokens = new TokenForge(await world.signingKey(), published.kid, world.authUrl);
});
afterAll(() => {
  process.stdout.write(`JWT attacks: ${asked} requests with ${ATTACKS.length + HEADERS.length} kinds of them\n`);
  return world?.destroy();
});

let asked = 0;

/** What both services that verify tokens answer. */
async function answersTo(authorization: string): Promise<[number, string][]> {
  const urls = [`${world.gateway.url}/v1/runs`, `${world.authUrl}/v1/me`];
  return Promise.all(
    urls.map(async (url) => {
      asked += 1;
      const answer = await fetch(url, { headers: { authorization } });
      const text = await answer.text();
      expect(text).not.toMatch(/ at |node_modules|\.js|jose/);
      return [answer.status, (JSON.parse(text) as Problem).code];
    }),
  );
}

const REFUSED = [401, 'UNAUTHENTICATED'];
const bytes = (value: number) => new Uint8Array(64).fill(value);
const publicKey = () =>
  createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: published.x }, format: 'jwk' } as JsonWebKeyInput);
const now = () => Math.floor(Date.now() / 1_000);
const raw = (change: (json: string) => string) => () => ({ rawPayload: change(JSON.stringify(tokens.claims())) });

/** reliability.md B.4, JWT. Each differs from a token that is let in by one thing. */
const ATTACKS: [string, () => Forgery | string][] = [
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg): [string, () => Forgery] => [
    `alg "${alg}" without a signature`,
    () => ({ header: { alg }, signer: { signature: new Uint8Array() } }),
  ]),
  ['alg none with a real signature', () => ({ header: { alg: 'none' } })],
  ['no alg', () => ({ header: { alg: undefined } })],
  ['an alg that is a list', () => ({ header: { alg: ['EdDSA'] } })],
  ['an alg that is a number', () => ({ header: { alg: 1 } })],
  [
    'HS256 with the public key',
    () => ({ header: { alg: 'HS256' }, signer: { secret: Buffer.from(published.x, 'base64url') } }),
  ],
  ['HS256 with the public key as text', () => ({ header: { alg: 'HS256' }, signer: { secret: published.x } })],
  [
    'HS256 with the public key as PEM',
    () => ({ header: { alg: 'HS256' }, signer: { secret: publicKey().export({ type: 'spki', format: 'pem' }) } }),
  ],
  [
    'HS256 with the public key as DER',
    () => ({ header: { alg: 'HS256' }, signer: { secret: publicKey().export({ type: 'spki', format: 'der' }) } }),
  ],
  ['HS256 with an empty secret', () => ({ header: { alg: 'HS256' }, signer: { secret: '' } })],
  ...['ES256', 'RS256', 'PS256', 'Ed448', 'EdDSA ', 'eddsa', 'RSA1_5', 'dir'].map((alg): [string, () => Forgery] => [
    `alg ${alg} over a signature of another kind`,
    () => ({ header: { alg } }),
  ]),
  ['the key of a stranger', () => ({ signer: 'stranger' })],
  ['a signature of zeros (psychic)', () => ({ signer: { signature: bytes(0) } })],
  ['a signature of ones', () => ({ signer: { signature: bytes(255) } })],
  ['a signature of the neutral point', () => ({ signer: { signature: Uint8Array.from([1, ...new Uint8Array(63)]) } })],
  ['no signature', () => ({ signer: { signature: new Uint8Array() } })],
  ['half a signature', () => ({ signer: { signature: new Uint8Array(32) } })],
  ['a signature that goes on', () => `${tokens.make()}AAAA`],
  ['a signature cut short', () => tokens.make().slice(0, -4)],
  [
    'the signature of another token',
    () => tokens.make().replace(/[^.]+$/, tokens.make({ claims: { jti: 'b' } }).split('.')[2]!),
  ],
  [
    'a payload that was changed',
    () => tokens.make().replace(/\.[^.]+\./, `.${Buffer.from('{"sub":"admin"}').toString('base64url')}.`),
  ],
  ['no third part', () => tokens.make().split('.').slice(0, 2).join('.')],
  ['an empty third part', () => tokens.make().replace(/[^.]+$/, '')],
  ['four parts', () => `${tokens.make()}.x`],
  ['five parts (JWE)', () => 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA'],
  ['a token in a token', () => ({ header: { cty: 'JWT' }, rawPayload: tokens.make() })],
  ...[
    '/dev/null',
    '../../../../dev/null',
    "' OR 1=1 --",
    'http://127.0.0.1:1/keys',
    '',
    'x'.repeat(1_000),
    '__proto__',
  ].map((kid): [string, () => Forgery] => [`kid ${kid.slice(0, 30)}`, () => ({ header: { kid }, signer: 'stranger' })]),
  ['a kid that we do not have, over a real signature', () => ({ header: { kid: 'other' } })],
  ['a kid that is an object', () => ({ header: { kid: { $ne: '' } } })],
  ['a kid that is a number', () => ({ header: { kid: 1 } })],
  ['its own key (jwk)', () => ({ header: { jwk: STRANGER_JWK }, signer: 'stranger' })],
  ['its own key, and no kid', () => ({ header: { jwk: STRANGER_JWK, kid: undefined }, signer: 'stranger' })],
  ['a place for keys (jku)', () => ({ header: { jku: 'http://127.0.0.1:1/keys' }, signer: 'stranger' })],
  ['a place for certificates (x5u)', () => ({ header: { x5u: 'http://127.0.0.1:1/cert' }, signer: 'stranger' })],
  ['certificates (x5c)', () => ({ header: { x5c: ['MIIB'] }, signer: 'stranger' })],
  ['crit that nobody knows', () => ({ header: { crit: ['exp'], exp: 1 } })],
  ['crit that is empty', () => ({ header: { crit: [] } })],
  ['crit that is no list', () => ({ header: { crit: 'b64' } })],
  ['a payload that is not encoded (b64)', () => ({ header: { b64: false, crit: ['b64'] } })],
  ['typ JWT, as id tokens have', () => ({ header: { typ: 'JWT' } })],
  ['no typ', () => ({ header: { typ: undefined } })],
  ['typ of a refresh token', () => ({ header: { typ: 'rt+jwt' } })],
  ['typ of a logout token', () => ({ header: { typ: 'logout+jwt' } })],
  ['another issuer', () => ({ claims: { iss: 'http://127.0.0.1:1' } })],
  ['an issuer that only begins alike', () => ({ claims: { iss: `${world.authUrl}.evil.example` } })],
  ['an issuer with a slash', () => ({ claims: { iss: `${world.authUrl}/` } })],
  ['a list of issuers', () => ({ claims: { iss: [world.authUrl] } })],
  ['no issuer', () => ({ claims: { iss: undefined } })],
  ['another audience', () => ({ claims: { aud: 'other' } })],
  ['a list of audiences with ours', () => ({ claims: { aud: ['other', 'agent-forge'] } })],
  ['no audience', () => ({ claims: { aud: undefined } })],
  ['an audience of null', () => ({ claims: { aud: null } })],
  ['an end that is past', () => ({ claims: { exp: now() - 60, iat: now() - 120 } })],
  ['no end', () => ({ claims: { exp: undefined } })],
  ['an end that is a text', () => ({ claims: { exp: String(now() + 60) } })],
  ['an end with a fraction', () => ({ claims: { exp: now() + 60.5 } })],
  ['an end that is a list', () => ({ claims: { exp: [now() + 60] } })],
  ['an end of true', () => ({ claims: { exp: true } })],
  ['an end before all time', () => ({ claims: { exp: -1 } })],
  ['an end in 10^400 seconds', raw((json) => json.replace(/"exp":\d+/, '"exp":1e400'))],
  ['an end beyond what numbers can say', raw((json) => json.replace(/"exp":\d+/, '"exp":9007199254740993'))],
  ['a beginning in the future', () => ({ claims: { nbf: now() + 3_600 } })],
  ['a beginning that is a text', () => ({ claims: { nbf: 'now' } })],
  ['no time of issue', () => ({ claims: { iat: undefined } })],
  ['a time of issue that is a text', () => ({ claims: { iat: 'now' } })],
  ['two ends, the second past', raw((json) => json.replace(/}$/, ',"exp":1}'))],
  ['two tenants, the second unknown', raw((json) => json.replace(/}$/, ',"tenant":"nowhere"}'))],
  [
    'two algs, the second none',
    () => ({ rawHeader: `{"alg":"EdDSA","typ":"at+jwt","kid":"${published.kid}","alg":"none"}` }),
  ],
  ['no jti', () => ({ claims: { jti: undefined } })],
  ['a jti that is a number', () => ({ claims: { jti: 7 } })],
  ['no subject', () => ({ claims: { sub: undefined } })],
  ['a subject that is a list', () => ({ claims: { sub: ['admin'] } })],
  ['a subject with a dot', () => ({ claims: { sub: 'a.b' } })],
  ['a subject of an outside issuer', () => ({ claims: { sub: 'oidc:admin' } })],
  ['no tenant', () => ({ claims: { tenant: undefined } })],
  ['a tenant that there is not', () => ({ claims: { tenant: 'nowhere' } })],
  ['a tenant that is a wildcard', () => ({ claims: { tenant: '*' } })],
  ['a tenant that is every subject', () => ({ claims: { tenant: '>' } })],
  ['a tenant of two tokens', () => ({ claims: { tenant: 'main.other' } })],
  ['a tenant that is an object', () => ({ claims: { tenant: { $ne: '' } } })],
  ['a tenant in capitals', () => ({ claims: { tenant: 'MAIN' } })],
  ['no roles', () => ({ claims: { roles: undefined } })],
  ['a role that there is not', () => ({ claims: { roles: ['root'] } })],
  ['a role of JavaScript', () => ({ claims: { roles: ['__proto__'] } })],
  ['roles that are a text', () => ({ claims: { roles: 'admin' } })],
  ['two roles', () => ({ claims: { roles: ['viewer', 'admin'] } })],
  ['no scope', () => ({ claims: { scope: undefined } })],
  ['a scope that is a list', () => ({ claims: { scope: ['runs:read'] } })],
  ['no generation', () => ({ claims: { gen: undefined } })],
  ['a generation that is a text', () => ({ claims: { gen: String(Date.now()) } })],
  ['a session that is an object', () => ({ claims: { sid: {} } })],
  ['a session with a wildcard', () => ({ claims: { sid: '*' } })],
  ['a payload that is a list', () => ({ rawPayload: '[]' })],
  ['a payload of null', () => ({ rawPayload: 'null' })],
  ['a payload that is no JSON', () => ({ rawPayload: '{"sub":' })],
  ['a payload that is no UTF-8', () => ({ rawPayload: '{"sub":"\xff\xfe"}' })],
  ['a payload that is nested without end', () => ({ rawPayload: `${'['.repeat(1_000)}${']'.repeat(1_000)}` })],
  ['a header that is no JSON', () => ({ rawHeader: '{' })],
  ['a header that is a list', () => ({ rawHeader: '[]' })],
  ['a header of null', () => ({ rawHeader: 'null' })],
  ['a size of over 4,096 characters', () => ({ claims: { padding: 'x'.repeat(4_000) } })],
  ['a size of 14 kB', () => ({ claims: { padding: 'x'.repeat(10_000) } })],
];

const HEADERS: [string, () => string][] = [
  ['nothing', () => ''],
  ['no token', () => 'Bearer'],
  ['an empty token', () => 'Bearer '],
  ['null', () => 'bearer null'],
  ['a password', () => 'Basic YWRtaW46YWRtaW4='],
  ['no scheme', () => tokens.make()],
  ['another scheme', () => `DPoP ${tokens.make()}`],
  ['two tokens', () => `Bearer ${tokens.make()}, Bearer ${tokens.make()}`],
  ['two schemes', () => `Bearer Bearer ${tokens.make()}`],
  ['a token in quotation marks', () => `Bearer "${tokens.make()}"`],
  ['a token with padding', () => `Bearer ${tokens.make()}=`],
  ['letters that look alike', () => `Bearer ${tokens.make().replaceAll('e', '\u00e9')}`],
];

describe('a token is refused with', () => {
  test('nothing, when it is a real one: this very way of making one passes at both services', async () => {
    expect((await answersTo(`Bearer ${tokens.make()}`)).map(([status]) => status)).toEqual([200, 200]);
  });

  test.each(ATTACKS)('%s', async (_, attack) => {
    const forged = attack();
    const token = typeof forged === 'string' ? forged : tokens.make(forged);
    expect(await answersTo(`Bearer ${token}`)).toEqual([REFUSED, REFUSED]);
  });

  test.each(HEADERS)('a header that has %s', async (_, header) => {
    expect(await answersTo(header())).toEqual([REFUSED, REFUSED]);
  });

  test('a place where tokens do not belong: query, form and cookie', async () => {
    const token = tokens.make();
    for (const [path, headers] of [
      [`/v1/runs?access_token=${token}`, {}],
      ['/v1/runs', { cookie: `access_token=${token}` }],
      ['/v1/runs', { 'x-access-token': token }],
    ] as const)
      expect((await fetch(world.gateway.url + path, { headers })).status).toBe(401);
  });
});

describe('a token that is signed gives no more than its role has', () => {
  test.each([
    ['viewer', 'POST', '/v1/runs', 'runs:write'],
    ['builder', 'GET', '/v1/audit', 'audit:read'],
    ['operator', 'POST', '/v1/runs', 'identities:write'],
    ['admin', 'POST', '/v1/runs', 'runs:read'],
    ['admin', 'POST', '/v1/runs', ''],
    ['admin', 'POST', '/v1/runs', 'runs:write,runs:read'],
    ['admin', 'POST', '/v1/runs', '*'],
    ['admin', 'POST', '/v1/runs', 'RUNS:WRITE'],
  ])('a %s cannot %s %s with the scope "%s"', async (role, method, path, scope) => {
    const authorization = `Bearer ${tokens.make({ claims: { roles: [role], scope } })}`;
    const answer = await fetch(world.gateway.url + path, { method, headers: { authorization } });
    expect([answer.status, ((await answer.json()) as Problem).code]).toEqual([403, 'FORBIDDEN']);
  });
});
