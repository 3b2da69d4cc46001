import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeJwt } from 'jose';
import { World } from '../testing/world.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
  await world.makeUser('ada');
});
afterAll(() => world?.destroy());

const login = async () => (await world.login('ada')).body;
const status = async (token: string) => (await world.ask('GET', '/v1/me', { token })).status;
const end = (token: string) => world.ask('POST', '/oauth/revoke', { form: { token } });

describe('a session', () => {
  test('goes on with each refresh token once, at any replica', async () => {
    const other = await world.replica();
    const first = await login();
    const sid = decodeJwt(first.access_token)['sid'];
    let refresh = first.refresh_token!;
    const seen = new Set([refresh]);
    for (let i = 0; i < 4; i++) {
      const { auth } = world;
      if (i % 2) world.auth = other;
      const { status: answered, body } = await world.refresh(refresh);
      world.auth = auth;
      expect([answered, decodeJwt(body.access_token)['sid']]).toEqual([200, sid]);
      refresh = body.refresh_token!;
      seen.add(refresh);
    }
    expect(seen.size).toBe(5);
    await other.close();
  });

  test.each([1, 2, 3])(
    'ends, with all its tokens, when the refresh token of %d turns ago is used again',
    async (ago) => {
      const first = await login();
      const refreshes = [first.refresh_token!];
      let access = first.access_token;
      for (let i = 0; i < ago; i++) {
        const { body } = await world.refresh(refreshes.at(-1)!);
        refreshes.push(body.refresh_token!);
        access = body.access_token;
      }
      expect(await status(access)).toBe(200);
      const stolen = await world.refresh(refreshes[0]!);
      expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant']);
      expect([await status(access), await status(first.access_token)]).toEqual([401, 401]);
      expect((await world.refresh(refreshes.at(-1)!)).body.error).toBe('invalid_grant');
    },
  );

  test('is continued by one of many that come at once, and then ends', async () => {
    const { refresh_token: refresh } = await login();
    const answers = await Promise.all(Array.from({ length: 8 }, () => world.refresh(refresh!)));
    const good = answers.filter((answer) => answer.status === 200);
    expect(good.length).toBeLessThanOrEqual(1);
    for (const { body } of good) expect(await status(body.access_token)).toBe(401);
  });

  test('does not end for tokens that are none of ours, whatever session they name', async () => {
    const { access_token: access, refresh_token: refresh } = await login();
    const [, , session] = refresh!.split('_');
    const forged = [
      `afr_ada_${session}_1_${'A'.repeat(43)}`,
      `afr_ada_${session}_2_${refresh!.split('_').slice(4).join('_')}`,
      refresh!.replace('afr_ada', 'afr_eve'),
      `${refresh}x`,
      refresh!.toUpperCase(),
      'afr_',
      access,
    ];
    for (const text of forged) expect((await world.refresh(text)).body.error).toBe('invalid_grant');
    for (const text of forged.slice(0, -1)) expect((await end(text)).status).toBe(200);
    expect((await world.refresh(refresh!)).status).toBe(200);
  });

  test('ends when its user has twenty younger ones', async () => {
    await world.makeUser('many');
    const logins = [];
    for (let i = 0; i < 21; i++) logins.push((await world.login('many')).body);
    const [first, second] = logins;
    expect([await status(first!.access_token), await status(second!.access_token)]).toEqual([401, 200]);
    expect((await world.refresh(first!.refresh_token!)).body.error).toBe('invalid_grant');
    expect((await world.refresh(second!.refresh_token!)).status).toBe(200);
  });

  test('gets tokens for fewer scopes, never for more', async () => {
    const { refresh_token: refresh } = (await world.login('ada', undefined, { scope: 'runs:read account' })).body;
    const less = await world.refresh(refresh!, { scope: 'runs:read' });
    expect(less.body.scope).toBe('runs:read');
    const more = await world.refresh(less.body.refresh_token!, { scope: 'runs:write' });
    expect(more.body.error).toBe('invalid_scope');
    // The mistake did not cost the session.
    expect((await world.refresh(less.body.refresh_token!)).status).toBe(200);
    expect((await world.login('ada', undefined, { scope: 'identities:write' })).status).toBe(403);
  });
});

describe('what is revoked', () => {
  test('a refresh token takes its session with it', async () => {
    const { access_token: access, refresh_token: refresh } = await login();
    expect((await end(refresh!)).status).toBe(200);
    expect([await status(access), (await world.refresh(refresh!)).status]).toEqual([401, 400]);
  });

  test('an access token takes only itself', async () => {
    const { access_token: access, refresh_token: refresh } = await login();
    await end(access);
    expect(await status(access)).toBe(401);
    expect((await world.refresh(refresh!)).status).toBe(200);
  });

  test('is answered alike when there is nothing to revoke, and refused when nothing is named', async () => {
    for (const token of ['x', 'a.b.c', 'afk_x', 'afr_x']) expect((await end(token)).status).toBe(200);
    expect((await world.ask('POST', '/oauth/revoke', { form: {} })).status).toBe(400);
  });

  test('reaches another replica within five seconds', async () => {
    const other = await world.replica({ FORGE_ISSUER: world.auth.url });
    const { access_token: access } = await login();
    const there = async () =>
      (await fetch(`${other.url}/v1/me`, { headers: { authorization: `Bearer ${access}` } })).status;
    expect(await there()).toBe(200);
    await end(access);
    const revokedAtMs = Date.now();
    while ((await there()) === 200 && Date.now() < revokedAtMs + 5_000) await sleep(50);
    expect(await there()).toBe(401);
    await other.close();
  });
});
