import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Value } from '@sinclair/typebox/value';
import { AUTH_PATHS, PROBLEM_TYPE } from '@agent-forge/contracts';
import { routesOf, type ApiDescription } from '@agent-forge/runtime/testing';
import { OPEN_ROUTES } from '../http/routes.js';
import { World } from '../testing/world.js';
import { SCHEMAS } from './schemas.js';

let world: World;
let token: string;
let api: ApiDescription;
beforeAll(async () => {
  world = await World.create();
  token = await world.token();
  api = (await world.ask<ApiDescription>('GET', '/docs/json', { token })).body;
});
afterAll(() => world?.destroy());

/** Endpoints whose errors have OAuth's own form. */
const OAUTH: readonly string[] = [AUTH_PATHS.token, AUTH_PATHS.revoke];

describe('the OpenAPI document of the auth service', () => {
  test('is one by the specification, in the judgement of a validator that is not ours', async () => {
    expect(await new Validator().validate(structuredClone(api) as never)).toMatchObject({ valid: true });
    const { paths, ...rest } = api;
    expect(await new Validator().validate({ ...rest, path: paths } as never)).toMatchObject({ valid: false });
  });

  test('says of every route what it is for, what comes back, what can go wrong and who may ask', () => {
    for (const { name, path, operation } of routesOf(api)) {
      const isOpen = OPEN_ROUTES.includes(path);
      const { responses, security, summary } = operation as typeof operation & { summary?: string };
      expect([name, Boolean(summary)]).toEqual([name, true]);
      expect([name, security]).toEqual([name, isOpen ? [] : [{ bearer: [] }]]);
      expect([name, Object.keys(responses).some((status) => status.startsWith('2'))]).toEqual([name, true]);
      const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      if (!isOpen)
        expect([name, failures.map(([status]) => status)]).toEqual([
          name,
          expect.arrayContaining(['400', '401', '403', '405', '500', '503']),
        ]);
      for (const [status, { content = {} }] of failures)
        if (path !== '/ready' && path !== '/health' && !OAUTH.includes(path))
          expect([name, status, Object.keys(content)]).toEqual([name, status, [PROBLEM_TYPE]]);
    }
  });

  test('names every route that there is, and no other', () => {
    const described = routesOf(api).map(({ method, path }) => `${method} ${path}`);
    const registered = world.auth.routes.flatMap(({ method, url }) =>
      [method].flat().map((each) => `${each} ${url.replace(/:(\w+)(?:\([^)]*\))?/, '{$1}').replace('::', ':')}`),
    );
    expect(new Set(described)).toEqual(new Set(registered.filter((route) => !/^(HEAD|OPTIONS) /.test(route))));
  });

  test('says what really comes back', async () => {
    const get = async (path: string) => (await world.ask<unknown>('GET', path, { token })).body;
    const answers: [keyof typeof SCHEMAS, unknown][] = [
      ['UserList', await get('/v1/users')],
      ['ClientList', await get('/v1/clients')],
      ['PrincipalView', await get('/v1/clients/admin')],
      ['TenantList', await get('/v1/tenants')],
      ['KeyList', await get('/v1/keys')],
      ['MeView', await get('/v1/me')],
      ['SigningKeyList', await get('/v1/signing-keys')],
      ['JsonWebKeySet', await get(AUTH_PATHS.jwks)],
      ['ServerMetadata', await get(AUTH_PATHS.serverMetadata)],
      ['OAuthProblem', (await world.forSecret('admin', 'wrong')).body],
      ['Problem', await get('/v1/users/nobody')],
      ['Health', await get('/ready')],
    ];
    for (const [name, answer] of answers) {
      const problems = [...Value.Errors(SCHEMAS[name], answer)].filter(
        ({ message }) => !/Unknown format/.test(message),
      );
      expect([name, problems.map(({ path, message }) => `${path} ${message}`)]).toEqual([name, []]);
    }
  });

  test('is for whoever has a token for it', async () => {
    expect((await world.ask('GET', '/docs/json')).status).toBe(401);
  });
});
