import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { askable } from '../testing/askable.js';
import { World } from '../testing/world.js';
import { OPEN_ROUTES } from './routes.js';

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world?.destroy());

describe('every route', () => {
  test('but the few open ones is closed to whoever has no token', async () => {
    const { url, routes } = world.gateway;
    const asked = askable(routes);
    expect(asked.length).toBeGreaterThan(15);
    const answers = await Promise.all(
      asked.map(async ({ method, route, path }) => {
        const { status } = await fetch(url + path, { method, redirect: 'manual' });
        return { route: `${method} ${route}`, status, isOpen: OPEN_ROUTES.includes(route) };
      }),
    );
    for (const { route, status, isOpen } of answers) expect([route, status]).toEqual([route, isOpen ? 200 : 401]);
    expect(new Set(answers.filter(({ isOpen }) => isOpen).map(({ route }) => route.split(' ')[1]))).toEqual(
      new Set(OPEN_ROUTES),
    );
  });

  test('is described in the OpenAPI document, and nothing else is', async () => {
    const { url, routes } = world.gateway;
    const answer = await fetch(`${url}/docs/json`, { headers: await authorization() });
    const { paths } = (await answer.json()) as { paths: Record<string, object> };
    const described = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const real = routes
      .filter(({ method }) => method !== 'HEAD')
      .map(
        ({ method, url: path }) =>
          `${String(method)} ${path
            .replace(/:(run|delivery)\([^)]*\)/, '{$1}')
            .replaceAll('::', ':')
            .replace(/:(run|id|phase|file|webhook)(?=[/:]|$)/g, '{$1}')
            .replace('*', '{path}')}`,
      );
    expect(described.sort()).toEqual(real.sort());
  });
});

async function authorization(): Promise<{ authorization: string }> {
  const { token } = await world.connect();
  return { authorization: `Bearer ${await token()}` };
}
