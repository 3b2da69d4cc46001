import type { Role, Scope } from './roles.js';

/*
 * The JSON of the auth service, for it and for the client that asks. Times are RFC 3339.
 */

/** `POST /v1/login`: a user with a password. */
export interface LoginRequest {
  user: string;
  password: string;
  /** What the tokens are to be good for, with blanks between (default: all that the user may). */
  scope?: string;
}

/** A token, as RFC 6749, section 5.1, answers with it. */
export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
  /** For the next token of the session; good once. */
  refresh_token?: string;
}

/** `POST /v1/users`: a person. */
export interface UserRequest {
  /** 1 to 40 of a-z and 0-9; no client has it either. */
  id: string;
  role: Role;
  password: string;
  /** Default: that of the caller; only admins of the first tenant may name another. */
  tenant?: string;
}

/** `POST /v1/clients`: a service account. */
export interface ClientRequest extends Omit<UserRequest, 'password'> {
  /** What its tokens are good for (default: all that the role allows). */
  scopes?: Scope[];
}

/** `PATCH /v1/users/{id}` and `/v1/clients/{id}`: what changes; the tokens and sessions of before end. */
export interface PrincipalChange {
  role?: Role;
  isDisabled?: boolean;
}

/** A user or a client as admins see it. */
export interface PrincipalView {
  id: string;
  tenant: string;
  role: Role;
  scopes: Scope[];
  isDisabled: boolean;
  createdAt: string;
  createdBy: string;
}

/** `GET /v1/users`. */
export interface UserList {
  users: PrincipalView[];
}

/** `GET /v1/clients`. */
export interface ClientList {
  clients: PrincipalView[];
}

/** The answer that makes a client, or a new secret of one: the only one that has the secret. */
export interface NewClient extends PrincipalView {
  clientSecret: string;
}

/** `POST /v1/keys`: an API key of the caller. */
export interface KeyRequest {
  /** For people. */
  name: string;
  /** What it is good for; never more than the caller's own token. */
  scopes: Scope[];
  /** When it ends, in days from now, 1 to 366 (default 90). */
  days?: number;
}

/** An API key, without its text. */
export interface KeyView {
  id: string;
  name: string;
  owner: string;
  scopes: Scope[];
  createdAt: string;
  expiresAt: string;
}

/** The answer that makes a key: the only one that has its text. */
export interface NewKey extends KeyView {
  key: string;
}

/** `GET /v1/keys`: the caller's own, or with `all=true` those of the tenant, for admins. */
export interface KeyList {
  keys: KeyView[];
}

/** `POST /v1/tenants`. */
export interface TenantRequest {
  /** 1 to 40 of a-z and 0-9. */
  id: string;
}

/** `PATCH /v1/tenants/{id}`. */
export interface TenantChange {
  isDisabled: boolean;
}

/** A tenant. */
export interface TenantView {
  id: string;
  isDisabled: boolean;
  createdAt: string;
  createdBy: string;
}

/** `GET /v1/tenants`. */
export interface TenantList {
  tenants: TenantView[];
}

/** A key that signs tokens: one that will (`next`), the one that does (`signing`), or one that did (`retired`). */
export interface SigningKeyView {
  kid: string;
  state: 'next' | 'signing' | 'retired';
  madeAt: string;
}

/** `GET /v1/signing-keys`: newest first. */
export interface SigningKeyList {
  keys: SigningKeyView[];
}

/** `GET /v1/me`: who the caller is. */
export interface MeView {
  subject: string;
  tenant: string;
  role: Role;
  scopes: Scope[];
}

/** `POST /v1/me/password`: the caller's new password; all sessions end. */
export interface PasswordChange {
  current: string;
  next: string;
}
