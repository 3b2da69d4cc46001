import type { RouteRules } from '@agent-forge/runtime';

/**
 * Every route that answers without a token; a test asks all others and fails on any that answers. (Keys and tokens are given out by the auth
 * service.)
 */
export const OPEN_ROUTES: readonly string[] = ['/health', '/ready'];

/** What a token must be good for on all other routes. One without a rule is for nobody, and a test finds it. */
export const RULES: RouteRules = {
  '/v1/runs': { read: 'runs:read', change: 'runs:write' },
  '/v1/phases': { read: 'runs:read', change: 'runs:write' },
  '/v1/datasets': { read: 'artifacts:read', change: 'artifacts:write' },
  '/v1/models': { read: 'artifacts:read', change: 'artifacts:write' },
  '/v1/artifacts': { read: 'artifacts:read' },
  '/v1/webhooks': { read: 'webhooks:read', change: 'webhooks:write' },
  '/v1/audit': { read: 'audit:read' },
  '/metrics': { read: 'metrics:read' },
  '/docs': { read: 'runs:read' },
};

/** Whether a route is opened by browsers, which cannot send a token by themselves. */
export function isPage(route: string): boolean {
  return route === '/docs' || route.startsWith('/docs/');
}
