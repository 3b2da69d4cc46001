import { AUTH_PATHS } from '@agent-forge/contracts';
import type { RouteRules } from '@agent-forge/runtime';

/** Every route of this service that answers without a token: whoever has none gets one here, and verifies it with the keys. */
export const OPEN_ROUTES: readonly string[] = [
  '/health',
  '/ready',
  AUTH_PATHS.jwks,
  AUTH_PATHS.openIdConfiguration,
  AUTH_PATHS.serverMetadata,
  AUTH_PATHS.token,
  AUTH_PATHS.revoke,
  AUTH_PATHS.login,
];

/** What a token must be good for on all other routes. */
export const RULES: RouteRules = {
  '/v1/users': { read: 'identities:read', change: 'identities:write' },
  '/v1/clients': { read: 'identities:read', change: 'identities:write' },
  '/v1/tenants': { read: 'identities:read', change: 'identities:write' },
  '/v1/signing-keys': { read: 'identities:read', change: 'identities:write' },
  '/v1/keys': { read: 'account', change: 'account' },
  '/v1/me': { read: 'account', change: 'account' },
  '/docs': { read: 'runs:read' },
  '/metrics': { read: 'metrics:read' },
};
