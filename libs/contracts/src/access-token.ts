import type { Role, Scope } from './roles.js';

/** The form of access tokens: a JWT as RFC 9068 profiles it, signed with Ed25519 (RFC 8037). */
export const ACCESS_TOKEN = {
  algorithm: 'EdDSA',
  /** The `typ` header; other tokens of the same issuer are refused by it. */
  type: 'at+jwt',
  /** Whom a token is for: every service of one installation. */
  audience: 'agent-forge',
} as const;

/** Where the auth service answers, under its base URL. */
export const AUTH_PATHS = {
  jwks: '/.well-known/jwks.json',
  token: '/oauth/token',
  revoke: '/oauth/revoke',
  login: '/v1/login',
  openIdConfiguration: '/.well-known/openid-configuration',
  serverMetadata: '/.well-known/oauth-authorization-server',
} as const;

/** The tenant that the first start makes: that of whoever runs the installation. Its admins see what is nobody's, and manage all tenants. */
export const FIRST_TENANT = 'main';

/** Who calls, as a verified token says. */
export interface Caller {
  /** The client or user (`sub`). */
  readonly subject: string;
  /** The tenant whose resources the caller sees (`tenant`); an id, since it becomes a token of subjects. */
  readonly tenant: string;
  /** `roles`, of which ours have one. */
  readonly role: Role;
  /** What the token is good for (`scope`): never more than the role may do. */
  readonly scopes: readonly Scope[];
}
