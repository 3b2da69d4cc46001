/** What a caller may be trusted with, from the least to the most; each may do all that those before it may. */
export const ROLES = ['viewer', 'builder', 'operator', 'admin'] as const;

/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/**
 * What a token can be good for, each with the least role that may have it. A viewer looks, a builder brings data and runs phases, an operator
 * connects and watches the installation, an admin decides who may do what.
 */
export const SCOPES = {
  'runs:read': 'viewer',
  'runs:write': 'builder',
  'artifacts:read': 'viewer',
  'artifacts:write': 'builder',
  /** One's own password and API keys. */
  account: 'viewer',
  'webhooks:read': 'operator',
  'webhooks:write': 'operator',
  'metrics:read': 'operator',
  'audit:read': 'operator',
  'identities:read': 'admin',
  'identities:write': 'admin',
} as const satisfies Record<string, Role>;

/** A key of {@link SCOPES}. */
export type Scope = keyof typeof SCOPES;

/** The names of all scopes. */
export const SCOPE_NAMES = Object.keys(SCOPES) as Scope[];

/** Whether a value is the name of a role. */
export function isRole(value: unknown): value is Role {
  return ROLES.includes(value as Role);
}

/** Whether a value is the name of a scope. */
export function isScope(value: unknown): value is Scope {
  return typeof value === 'string' && Object.hasOwn(SCOPES, value);
}

/** Whether a role may do what the role `least` may. */
export function reaches(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** The strongest of some roles; undefined when none of them is a role. */
export function strongestRole(names: readonly unknown[]): Role | undefined {
  return ROLES.findLast((role) => names.includes(role));
}

/** All scopes that a role may have. */
export function scopesOfRole(role: Role): Scope[] {
  return SCOPE_NAMES.filter((scope) => reaches(role, SCOPES[scope]));
}
