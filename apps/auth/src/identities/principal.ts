import { scopesOfRole, type Role, type Scope } from '@agent-forge/contracts';

/** Who can get tokens: a user logs in with a password, a client (a service account) with a secret that we made. */
export interface Principal {
  /** One name space for users and clients: it is the subject of tokens. */
  readonly id: string;
  readonly kind: 'user' | 'client';
  readonly tenant: string;
  readonly role: Role;
  /** What its tokens are good for, where that is less than the role allows. */
  readonly scopes?: readonly Scope[];
  /** Whether it gets no tokens for now. */
  readonly isDisabled: boolean;
  /** Grows (milliseconds since 1970) with every change that ends the tokens and sessions of before. */
  readonly generation: number;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly createdBy: string;
  /** Of users: argon2id, in PHC form. */
  readonly password?: string;
  /** Of clients: SHA-256 of each secret that is valid, newest last. */
  readonly secrets?: readonly string[];
  /** Of clients: SHA-256 of secrets that must never be valid again, though a file may still have them. */
  readonly withdrawn?: readonly string[];
}

/** What tokens of a principal may be good for. */
export function scopesOf({ role, scopes }: Pick<Principal, 'role' | 'scopes'>): Scope[] {
  const allowed = scopesOfRole(role);
  return scopes === undefined ? allowed : allowed.filter((scope) => scopes.includes(scope));
}

/** The generation after this one. */
export function nextGeneration(generation = 0): number {
  return Math.max(generation + 1, Date.now());
}
