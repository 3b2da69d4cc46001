import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AUTH_PATHS } from '@agent-forge/contracts';
import { requestsOfVerbs, routesWithoutVerb } from '@agent-forge/sdk/testing';
import { World } from '../testing/world.js';

/** The same document as that of OpenID Connect, which has a verb. */
const SAME_AS_ANOTHER = [`GET ${AUTH_PATHS.serverMetadata}`];

let world: World;
beforeAll(async () => void (world = await World.create()));
afterAll(() => world?.destroy());

test('every route of the auth service has a verb in the sdk', async () => {
  const { routes } = world.auth;
  expect(routes.length).toBeGreaterThan(30);
  expect(routesWithoutVerb(routes, await requestsOfVerbs())).toEqual(SAME_AS_ANOTHER);
  // A route that nobody has a verb for is found.
  const more = [...routes, { method: 'POST', url: '/v1/users/:id/other' }];
  expect(routesWithoutVerb(more, await requestsOfVerbs())).toContain('POST /v1/users/:id/other');
});
