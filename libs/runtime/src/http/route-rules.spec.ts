import { expect, test } from '@jest/globals';
import { scopeOfRoute, type RouteRules } from './route-rules.js';

const RULES: RouteRules = {
  '/v1/runs': { read: 'runs:read', change: 'runs:write' },
  '/v1/runs/:run/secrets': { read: 'audit:read' },
  '/docs': { read: 'account' },
};

test.each([
  ['GET', '/v1/runs', 'runs:read'],
  ['HEAD', '/v1/runs/:run', 'runs:read'],
  ['POST', '/v1/runs/:run(^[a-z0-9]+)::cancel', 'runs:write'],
  ['DELETE', '/v1/runs/:run', 'runs:write'],
  ['OPTIONS', '/v1/runs', 'runs:write'],
  ['GET', '/v1/runs/:run/secrets/x', 'audit:read'],
  ['POST', '/v1/runs/:run/secrets', undefined],
  ['GET', '/v1/runsandmore', undefined],
  ['GET', '/v1', undefined],
  ['GET', '', undefined],
  ['POST', '/docs', undefined],
])('%s %s needs %s', (method, route, scope) => expect(scopeOfRoute(RULES, method, route)).toBe(scope));
