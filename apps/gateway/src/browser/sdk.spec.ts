import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { requestsOfVerbs, routesWithoutVerb } from '@agent-forge/sdk/testing';
import { World } from '../testing/world.js';

/** What browsers show: a page and its files. */
const PAGES = ['GET /docs', 'GET /docs/ui/:file'];

let world: World;
beforeAll(async () => void (world = await World.create()));
afterAll(() => world?.destroy());

test('every route of the gateway has a verb in the sdk', async () => {
  const { routes } = world.gateway;
  expect(routes.length).toBeGreaterThan(30);
  expect(routesWithoutVerb(routes, await requestsOfVerbs())).toEqual(PAGES);
  // A route that nobody has a verb for is found.
  const more = [...routes, { method: 'DELETE', url: '/v1/runs/:run' }];
  expect(routesWithoutVerb(more, await requestsOfVerbs())).toContain('DELETE /v1/runs/:run');
});
