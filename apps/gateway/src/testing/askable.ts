import type { RouteOptions } from 'fastify';

/** A route with one of its methods, and a path that it matches. */
export interface AskableRoute {
  readonly method: string;
  readonly route: string;
  readonly path: string;
}

/** What can be asked of a table of routes, each method by itself. */
export function askable(routes: readonly RouteOptions[]): AskableRoute[] {
  return routes.flatMap(({ method, url }) =>
    [method].flat().map((each) => ({ method: each, route: url, path: examplePath(url) })),
  );
}

function examplePath(route: string): string {
  return route
    .replace(/:(?:run|delivery)\([^)]*\)/, 'abc')
    .replaceAll('::', ':')
    .replace(/:(run|id|phase|file|webhook)(?=[/:]|$)/g, 'abc')
    .replace('*', 'x.txt');
}
