import type { Scope } from '@agent-forge/contracts';

/** What a caller's token must be good for, below one path; without `change` nothing can be changed there. */
export interface RouteRule {
  readonly read: Scope;
  readonly change?: Scope;
}

/** Rules by path; the longest that a route begins with counts. */
export type RouteRules = Readonly<Record<string, RouteRule>>;

/** Methods that change nothing. */
const SAFE_METHODS: readonly string[] = ['GET', 'HEAD'];

/** The scope that a route needs; undefined when there is no rule for it, so that nobody may use it. @param route as Fastify knows it */
export function scopeOfRoute(rules: RouteRules, method: string, route: string): Scope | undefined {
  const paths = Object.keys(rules).filter((path) => route === path || route.startsWith(`${path}/`));
  const path = paths.sort((a, b) => b.length - a.length)[0];
  if (path === undefined) return undefined;
  const { read, change } = rules[path]!;
  return SAFE_METHODS.includes(method) ? read : change;
}
