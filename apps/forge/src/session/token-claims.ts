import { ForgeError, type Role, type Scope } from '@agent-forge/contracts';

/** What an access token says of its owner. */
export interface TokenCaller {
  readonly subject: string;
  readonly tenant: string;
  readonly role: Role;
  readonly scopes: Scope[];
}

/** Reads a token that has come from its issuer just now, to show it to a person; nothing is decided by it. @throws ForgeError AUTH_UNAVAILABLE */
export function callerOfToken(token: string): TokenCaller {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { sub, tenant, roles, scope } = JSON.parse(payload) as Record<string, unknown>;
    const [role] = roles as [Role];
    return { subject: String(sub), tenant: String(tenant), role, scopes: String(scope).split(' ') as Scope[] };
  } catch (error) {
    throw new ForgeError('AUTH_UNAVAILABLE', 'what the auth service gave is no token of ours', error);
  }
}
