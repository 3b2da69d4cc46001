/**
 * Every route that answers without a token; a test asks all others and fails on any that answers. (Keys and tokens are given out by the auth
 * service, which has no other routes.)
 */
export const OPEN_ROUTES: readonly string[] = ['/health', '/ready'];

/** Whether a route is opened by browsers, which cannot send a token by themselves. */
export function isPage(route: string): boolean {
  return route === '/docs' || route.startsWith('/docs/');
}
