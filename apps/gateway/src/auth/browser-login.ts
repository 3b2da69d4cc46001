import { createHash } from 'node:crypto';
import { ForgeError, type Caller } from '@agent-forge/contracts';
import { clientCredentials } from '@agent-forge/sdk';
import type { TokenVerifier } from '@agent-forge/runtime';

/** The page has a handful of files, each asked for with the same header; a secret that was withdrawn works no longer than this. */
const CACHE_MS = 60_000;
/** Different headers in that time; more are guesses. */
const MAX_CACHED = 100;
const MAX_HEADER_LENGTH = 1_024;

/**
 * Lets a browser in that cannot send a token by itself: it asks the person for id and secret of a client (HTTP Basic, RFC 7617), for which the auth
 * service gives a token. Only for pages: the API itself takes tokens and nothing else.
 */
export class BrowserLogin {
  readonly #known = new Map<string, { caller: Promise<Caller>; untilMs: number }>();

  constructor(
    private readonly authUrl: string,
    private readonly verifier: TokenVerifier,
  ) {}

  /** Who calls, by an `Authorization` header. @throws ForgeError UNAUTHENTICATED, AUTH_UNAVAILABLE */
  verify(authorization: string | undefined): Promise<Caller> {
    const header = authorization?.slice(0, MAX_HEADER_LENGTH) ?? '';
    const key = createHash('sha256').update(header).digest('base64');
    const now = Date.now();
    const known = this.#known.get(key);
    if (known && known.untilMs > now) return known.caller;
    const caller = this.#ask(header);
    this.#known.set(key, { caller, untilMs: now + CACHE_MS });
    caller.catch(() => this.#known.delete(key));
    if (this.#known.size > MAX_CACHED) this.#known.delete(this.#known.keys().next().value!);
    return caller;
  }

  async #ask(header: string): Promise<Caller> {
    const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header) ?? [];
    const login = Buffer.from(encoded, 'base64').toString('utf8');
    const at = login.indexOf(':');
    if (at < 1) throw new ForgeError('UNAUTHENTICATED', 'log in with id and secret of a client');
    const credentials = { clientId: login.slice(0, at), clientSecret: login.slice(at + 1) };
    const token = await clientCredentials({ authUrl: this.authUrl, ...credentials })();
    return this.verifier.verify(`Bearer ${token}`);
  }
}
