/** A route of Fastify as the OpenAPI document writes it: `/v1/runs/:run(^[a-z0-9]+)::cancel` becomes `/v1/runs/{run}:cancel`. */
export function routeName(route: string): string {
  return route
    .replace('*', '{path}')
    .split('::')
    .map((part) => part.replaceAll(/:(\w+)(?:\([^)]*\))?/g, '{$1}'))
    .join(':');
}
