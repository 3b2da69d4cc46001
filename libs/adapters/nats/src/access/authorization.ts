import { permissionsOf } from './permissions.js';

/** Somebody whom the broker lets in. */
export interface BrokerUser {
  readonly user: string;
  readonly password: string;
  /** Whether it may do all; a service may do what {@link permissionsOf} says. */
  readonly isAdmin: boolean;
}

/** The `authorization` block of a nats-server's configuration. */
export function authorizationBlock(users: readonly BrokerUser[]): string {
  return ['authorization {', '  users: [', ...users.map((each) => `    ${userLine(each)}`), '  ]', '}'].join('\n');
}

function userLine({ user, password, isAdmin }: BrokerUser): string {
  const login = `user: ${quote(user)}, password: ${quote(password)}`;
  if (isAdmin) return `{ ${login} }`;
  const { publish, subscribe } = permissionsOf(user);
  const lists = `publish: { allow: ${list(publish)} }, subscribe: { allow: ${list(subscribe)} }`;
  return `{ ${login}, permissions: { ${lists} } }`;
}

/** The first user that a block of {@link authorizationBlock} names. */
export function firstLogin(config: string): { user: string; pass: string } | undefined {
  const [, user, pass] = /^ {4}\{ user: ("[^"]*"), password: ("[^"]*") \}$/m.exec(config) ?? [];
  return user && pass ? { user: JSON.parse(user) as string, pass: JSON.parse(pass) as string } : undefined;
}

/** A text as the configuration reads it: JSON's escapes are a subset of its own. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quote).join(', ')}]`;
}
