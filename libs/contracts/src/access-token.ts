/** The form of access tokens: a JWT as RFC 9068 profiles it, signed with Ed25519 (RFC 8037). */
export const ACCESS_TOKEN = {
  algorithm: 'EdDSA',
  /** The `typ` header; other tokens of the same issuer are refused by it. */
  type: 'at+jwt',
  /** Whom a token is for: every service of one installation. */
  audience: 'agent-forge',
} as const;

/** Where the auth service answers, under its base URL. */
export const AUTH_PATHS = { jwks: '/.well-known/jwks.json', token: '/oauth/token' } as const;

/** Who calls, as a verified token says. */
export interface Caller {
  /** The client or user (`sub`). */
  readonly subject: string;
  /** The tenant whose resources the caller sees (`tenant`); an id, since it becomes a token of subjects. */
  readonly tenant: string;
}
