import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type {
  ClientList,
  KeyList,
  MeView,
  NewClient,
  NewKey,
  PrincipalView,
  TenantList,
  UserList,
} from '@agent-forge/contracts';
import { PASSWORD, World } from '../testing/world.js';

let world: World;
let admin: string;
/** An admin of a tenant that is not the first. */
let foreign: string;
beforeAll(async () => {
  world = await World.create();
  admin = await world.token();
  expect((await world.ask('POST', '/v1/tenants', { token: admin, json: { id: 'acme' } })).status).toBe(201);
  foreign = await world.token('acmeadmin', await world.makeClient('acmeadmin', 'admin', 'acme'));
});
afterAll(() => world?.destroy());

const tokenOf = async (user: string) => (await world.login(user)).body.access_token;

describe('users', () => {
  test('are made, shown, changed and removed by admins; nobody sees anything of a password', async () => {
    const json = { id: 'ada', role: 'viewer', password: PASSWORD };
    const made = await world.ask<PrincipalView>('POST', '/v1/users', { token: admin, json });
    expect([made.status, made.headers.get('location')]).toEqual([201, '/v1/users/ada']);
    const changed = await world.ask<PrincipalView>('PATCH', '/v1/users/ada', {
      token: admin,
      json: { role: 'builder' },
    });
    const shown = await world.ask<PrincipalView>('GET', '/v1/users/ada', { token: admin });
    expect(shown.body).toEqual(changed.body);
    expect(shown.body).toEqual({
      ...{ id: 'ada', tenant: 'main', role: 'builder', isDisabled: false, createdBy: 'admin' },
      ...{ createdAt: expect.any(String), scopes: expect.arrayContaining(['runs:write']) },
    });
    const { users } = (await world.ask<UserList>('GET', '/v1/users', { token: admin })).body;
    expect(users).toContainEqual(shown.body);
    expect((await world.ask('DELETE', '/v1/users/ada', { token: admin })).status).toBe(204);
    expect((await world.ask('GET', '/v1/users/ada', { token: admin })).status).toBe(404);
    expect((await world.login('ada')).status).toBe(401);
  });

  test.each<[string, object, number, RegExp]>([
    ['a name that is taken', { id: 'admin' }, 400, /of this name already/],
    ['a name with a wildcard', { id: '*' }, 400, /^id: must be 1 to 40/],
    ['a name with a dot', { id: 'a.b' }, 400, /^id: /],
    ['a name that is no text', { id: { $ne: '' } }, 400, /^id: /],
    ['a role that there is not', { role: 'root' }, 400, /^role: must be one of/],
    ['a role of an object', { role: '__proto__' }, 400, /^role: /],
    ['null for what may be left out', { tenant: null }, 400, /^tenant: /],
    ['a tenant that there is not', { tenant: 'nowhere' }, 404, /no such tenant/],
    ['fields that are not for callers: generation', { generation: 0 }, 400, /generation/],
    ['fields that are not for callers: createdBy', { createdBy: 'root' }, 400, /createdBy/],
    ['fields that are not for callers: secrets', { secrets: ['x'] }, 400, /secrets/],
    ['a short password', { password: 'hunter2' }, 400, /^password: must have at least 12/],
    ['a password of one letter', { password: 'a'.repeat(20) }, 400, /^password: .*different/],
    ['a password that is tried first', { password: 'Password12345!' }, 400, /^password: is one of those/],
    ['a password that slides', { password: 'qwertyuiop123456' }, 400, /^password: is one of those/],
    ['its own name as password', { id: 'bartholomew', password: 'bartholomew1' }, 400, /^password: is one of those/],
  ])('are refused with %s', async (_, change, status, problem) => {
    const json = { id: 'refused', role: 'viewer', password: PASSWORD, ...change };
    const answer = await world.ask('POST', '/v1/users', { token: admin, json });
    expect([answer.status, answer.body.detail]).toEqual([status, expect.stringMatching(problem)]);
  });

  test('take their tokens with them when they are disabled, get another role or another password', async () => {
    const changes: [string, string, object][] = [
      ['PATCH', '/v1/users/eve', { isDisabled: true }],
      ['PATCH', '/v1/users/eve', { isDisabled: false, role: 'viewer' }],
      ['POST', '/v1/users/eve:password', { password: PASSWORD }],
    ];
    await world.makeUser('eve');
    for (const [method, path, json] of changes) {
      await world.ask('PATCH', '/v1/users/eve', { token: admin, json: { isDisabled: false } });
      const { access_token: token, refresh_token: refresh } = (await world.login('eve')).body;
      expect((await world.ask('GET', '/v1/me', { token })).status).toBe(200);
      expect([200, 204]).toContain((await world.ask(method, path, { token: admin, json })).status);
      expect([path, (await world.ask('GET', '/v1/me', { token })).status]).toEqual([path, 401]);
      expect((await world.refresh(refresh!)).body.error).toBe('invalid_grant');
    }
    expect((await world.ask<MeView>('GET', '/v1/me', { token: await tokenOf('eve') })).body.role).toBe('viewer');
  });

  test('change their own password only with the one they have, and end their sessions with it', async () => {
    await world.makeUser('kim');
    const { access_token: token, refresh_token: refresh } = (await world.login('kim')).body;
    const next = 'seven slow otters dive';
    const change = (current: string) => world.ask('POST', '/v1/me/password', { token, json: { current, next } });
    expect((await change('not the password')).status).toBe(403);
    expect((await change(PASSWORD)).status).toBe(204);
    expect((await world.ask('GET', '/v1/me', { token })).status).toBe(401);
    expect((await world.refresh(refresh!)).status).toBe(400);
    expect((await world.login('kim')).status).toBe(401);
    expect((await world.login('kim', next)).status).toBe(200);
  });
});

describe('clients', () => {
  test('get a secret once; a new one ends those of before for good', async () => {
    const first = await world.makeClient('ci', 'builder');
    const token = await world.token('ci', first);
    const rotated = await world.ask<NewClient>('POST', '/v1/clients/ci:rotate', { token: admin });
    expect((await world.forSecret('ci', first)).body.error).toBe('invalid_client');
    expect((await world.forSecret('ci', rotated.body.clientSecret)).status).toBe(200);
    expect((await world.ask('GET', '/v1/me', { token })).status).toBe(401);
    const { clients } = (await world.ask<ClientList>('GET', '/v1/clients', { token: admin })).body;
    expect(JSON.stringify(clients)).not.toContain(rotated.body.clientSecret);
    expect(clients.map(({ id }) => id)).toEqual(['acmeadmin', 'admin', 'ci']);
  });

  test('get tokens for the scopes they may have and ask for, and never for more', async () => {
    const json = { id: 'narrow', role: 'operator', scopes: ['runs:read', 'audit:read', 'identities:write'] };
    const { clientSecret } = (await world.ask<NewClient>('POST', '/v1/clients', { token: admin, json })).body;
    const scopeOf = async (more = {}) => (await world.forSecret('narrow', clientSecret, more)).body.scope;
    // An operator has no say over identities, whatever it was promised.
    expect(await scopeOf()).toBe('runs:read audit:read');
    expect(await scopeOf({ scope: 'audit:read' })).toBe('audit:read');
    for (const scope of ['identities:write', 'runs:write', 'runs:read runs:write', '*', '__proto__', ' ']) {
      const { status, body } = await world.forSecret('narrow', clientSecret, { scope });
      expect([scope, status, body.error]).toEqual([scope, 400, 'invalid_scope']);
    }
  });

  test('cannot log in as users, nor users as clients', async () => {
    await world.makeUser('ann');
    const secret = await world.makeClient('bot', 'viewer');
    expect((await world.login('bot', secret)).status).toBe(401);
    expect((await world.forSecret('ann', PASSWORD)).status).toBe(401);
    expect((await world.ask('PATCH', '/v1/users/bot', { token: admin, json: { role: 'admin' } })).status).toBe(404);
  });
});

describe('API keys', () => {
  const makeKey = (token: string, json: object) => world.ask<NewKey>('POST', '/v1/keys', { token, json });

  test('are shown once, are good for their scopes, and end when they are revoked', async () => {
    await world.makeUser('max', 'operator');
    const token = await tokenOf('max');
    const made = await makeKey(token, { name: 'laptop', scopes: ['runs:read', 'metrics:read'] });
    const { id, key, expiresAt } = made.body;
    expect(key).toMatch(/^afk_[a-z0-9]{26}_[\w-]{43}_[0-9a-f]{8}$/);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(89 * 86_400_000);
    const granted = await world.forSecret(id, key);
    expect(granted.body.scope).toBe('runs:read metrics:read');
    const { access_token: ofKey } = granted.body;
    expect((await fetch(`${world.auth.url}/metrics`, { headers: { authorization: `Bearer ${ofKey}` } })).status).toBe(
      200,
    );
    expect((await world.ask('GET', '/v1/keys', { token: ofKey })).status).toBe(403);
    const list = (await world.ask<KeyList>('GET', '/v1/keys', { token })).body;
    expect(list.keys).toEqual([expect.objectContaining({ id, owner: 'max', name: 'laptop' })]);
    expect(JSON.stringify(list)).not.toContain(key.slice(-50));
    expect((await world.ask('DELETE', `/v1/keys/${id}`, { token })).status).toBe(204);
    expect((await world.forSecret(id, key)).body.error).toBe('invalid_client');
    expect((await fetch(`${world.auth.url}/metrics`, { headers: { authorization: `Bearer ${ofKey}` } })).status).toBe(
      401,
    );
  });

  test('are never good for more than their owner, also when the owner gets less later', async () => {
    await world.makeUser('lea', 'operator');
    const { id, key } = (await makeKey(await tokenOf('lea'), { name: 'k', scopes: ['runs:write', 'audit:read'] })).body;
    await world.ask('PATCH', '/v1/users/lea', { token: admin, json: { role: 'builder' } });
    expect((await world.forSecret(id, key)).body.scope).toBe('runs:write');
    await world.ask('PATCH', '/v1/users/lea', { token: admin, json: { isDisabled: true } });
    expect((await world.forSecret(id, key)).status).toBe(401);
    await world.ask('DELETE', '/v1/users/lea', { token: admin });
    await world.makeUser('lea', 'operator');
    expect((await world.forSecret(id, key)).status).toBe(401);
  });

  test.each<[string, object, number]>([
    ['a scope that the caller does not have', { scopes: ['identities:write'] }, 403],
    ['the power to make keys', { scopes: ['account'] }, 400],
    ['no scope', { scopes: [] }, 400],
    ['a life of years', { days: 1_000 }, 400],
    ['a life of nothing', { days: 0 }, 400],
    ['an owner', { owner: 'admin' }, 400],
  ])('are refused with %s', async (_, change, status) => {
    await world.makeUser('joe').catch(() => undefined);
    const json = { name: 'k', scopes: ['runs:read'], ...change };
    expect((await makeKey(await tokenOf('joe'), json)).status).toBe(status);
  });

  test('that are changed in one letter, cut or of another are nobody’s', async () => {
    const { id, key } = (await makeKey(admin, { name: 'k', scopes: ['runs:read'] })).body;
    const { id: other } = (await makeKey(admin, { name: 'l', scopes: ['runs:read'] })).body;
    const swapped = key.slice(0, 40) + (key[40] === 'A' ? 'B' : 'A') + key.slice(41);
    for (const [clientId, text] of [
      [id, swapped],
      [id, key.slice(0, -1)],
      [other, key],
      [other, key.replace(id, other)],
      ['admin', key],
    ] as const)
      expect((await world.forSecret(clientId, text)).status).toBe(401);
  });
});

describe('tenants', () => {
  test('keep their admins to themselves', async () => {
    await world.makeUser('mainuser');
    const own = { token: foreign, json: { id: 'acmeuser', role: 'admin', password: PASSWORD } };
    expect((await world.ask<PrincipalView>('POST', '/v1/users', own)).body.tenant).toBe('acme');
    const seen = (await world.ask<UserList>('GET', '/v1/users', { token: foreign })).body.users;
    expect(seen.map(({ id }) => id)).toEqual(['acmeuser']);
    const { tenants } = (await world.ask<TenantList>('GET', '/v1/tenants', { token: foreign })).body;
    expect(tenants.map(({ id }) => id)).toEqual(['acme']);
    const { id: key } = (
      await world.ask<NewKey>('POST', '/v1/keys', { token: admin, json: { name: 'k', scopes: ['runs:read'] } })
    ).body;
    const attempts: [string, string, object | undefined, number][] = [
      ['GET', '/v1/users/mainuser', undefined, 404],
      ['PATCH', '/v1/users/mainuser', { role: 'viewer' }, 404],
      ['POST', '/v1/users/mainuser:password', { password: PASSWORD }, 404],
      ['DELETE', '/v1/users/mainuser', undefined, 404],
      ['POST', '/v1/clients/admin:rotate', undefined, 404],
      ['PATCH', '/v1/clients/admin', { isDisabled: true }, 404],
      ['DELETE', '/v1/clients/admin', undefined, 404],
      ['DELETE', `/v1/keys/${key}`, undefined, 404],
      ['POST', '/v1/users', { id: 'spy', role: 'admin', password: PASSWORD, tenant: 'main' }, 404],
      ['POST', '/v1/tenants', { id: 'mine' }, 403],
      ['PATCH', '/v1/tenants/acme', { isDisabled: false }, 403],
    ];
    for (const [method, path, json, status] of attempts) {
      const answer = await world.ask(method, path, { token: foreign, ...(json && { json }) });
      expect([method, path, answer.status]).toEqual([method, path, status]);
    }
    const { keys } = (await world.ask<KeyList>('GET', '/v1/keys?all=true', { token: foreign })).body;
    expect(keys).toEqual([]);
  });

  test('that are disabled let nobody in, and all again afterwards; the first stays', async () => {
    await world.ask('POST', '/v1/tenants', { token: admin, json: { id: 'shut' } });
    await world.makeUser('sid', 'builder', 'shut');
    const { access_token: token, refresh_token: refresh } = (await world.login('sid')).body;
    const set = (isDisabled: boolean, id = 'shut') =>
      world.ask('PATCH', `/v1/tenants/${id}`, { token: admin, json: { isDisabled } });
    expect((await set(true)).status).toBe(200);
    expect((await world.ask('GET', '/v1/me', { token })).status).toBe(401);
    expect((await world.login('sid')).status).toBe(401);
    expect((await world.refresh(refresh!)).body.error).toBe('invalid_grant');
    expect((await set(false)).status).toBe(200);
    expect((await world.login('sid')).status).toBe(200);
    expect((await set(true, 'main')).status).toBe(400);
  });
});

test('admins cannot take their own rights, so that there is always one', async () => {
  for (const [method, json] of [
    ['PATCH', { role: 'viewer' }],
    ['PATCH', { isDisabled: true }],
    ['DELETE', undefined],
  ] as const)
    expect((await world.ask(method, '/v1/clients/admin', { token: admin, ...(json && { json }) })).status).toBe(403);
});

test('routes are for those whose scope they need; each role is refused what is over it', async () => {
  const paths = ['/v1/users', '/v1/clients', '/v1/tenants'];
  for (const role of ['viewer', 'builder', 'operator'] as const) {
    const token = await world.token(`only${role}`, await world.makeClient(`only${role}`, role));
    for (const path of paths) expect([role, (await world.ask('GET', path, { token })).status]).toEqual([role, 403]);
    expect((await world.ask('GET', '/v1/keys?all=true', { token })).status).toBe(403);
    expect((await world.ask('GET', '/v1/me', { token })).status).toBe(200);
  }
  for (const path of [...paths, '/v1/me', '/v1/keys', '/metrics'])
    expect([path, (await world.ask('GET', path)).status]).toEqual([path, 401]);
});

test('no secret that was ever shown or sent stands in a log or on the broker', async () => {
  const marker = 'planted otter 7f3a9c marker';
  await world.ask('POST', '/v1/users', { token: admin, json: { id: 'zoe', role: 'viewer', password: marker } });
  const { access_token: token, refresh_token: refresh } = (await world.login('zoe', marker)).body;
  await world.login('zoe', `${marker} wrong`);
  await world.login(marker.replaceAll(' ', ''), marker);
  const secret = await world.makeClient('planted', 'viewer');
  await world.forSecret('planted', `${secret}x`);
  const { key } = (
    await world.ask<NewKey>('POST', '/v1/keys', { token: admin, json: { name: 'k', scopes: ['runs:read'] } })
  ).body;
  await world.ask('POST', '/oauth/revoke', { form: { token: refresh! } });
  const log = await readFile(world.logFile, 'utf8');
  expect(log.length).toBeGreaterThan(1_000);
  for (const planted of [marker, marker.replaceAll(' ', ''), token, refresh!, secret, key, key.slice(31, 74)])
    expect([planted, log.includes(planted)]).toEqual([planted, false]);
});
