import { createHash } from 'node:crypto';
import { apiKeyId, ForgeError } from '@agent-forge/contracts';
import { clientCredentials, type TokenSource } from '@agent-forge/sdk';
import type { TokenVerifier, VerifiedToken } from '@agent-forge/runtime';

/** A token that was had for a secret is used this long; then it is asked again whether the secret still counts. */
const CACHE_MS = 60_000;
/** Different secrets in that time; more are guesses. */
const MAX_CACHED = 1_000;
const MAX_HEADER_LENGTH = 1_024;

interface Login {
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Lets in whoever shows a secret instead of a token, by getting a token for it from the auth service: programs with an API key (`Bearer afk_...`),
 * and browsers, which ask a person for id and secret of a client (HTTP Basic, RFC 7617). Everything else then goes by that token.
 */
export class CredentialLogin {
  readonly #known = new Map<string, { token: TokenSource; untilMs: number }>();

  constructor(
    private readonly authUrl: string,
    private readonly verifier: TokenVerifier,
  ) {}

  /** The token of a browser's login, by its header. @throws ForgeError UNAUTHENTICATED, AUTH_UNAVAILABLE, BROKER_UNAVAILABLE */
  async ofBrowser(header = ''): Promise<VerifiedToken> {
    const [, encoded = ''] = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(header.slice(0, MAX_HEADER_LENGTH)) ?? [];
    const login = Buffer.from(encoded, 'base64').toString('utf8');
    const at = login.indexOf(':');
    if (at < 1) throw new ForgeError('UNAUTHENTICATED', 'log in with id and secret of a client');
    return this.#login({ clientId: login.slice(0, at), clientSecret: login.slice(at + 1) });
  }

  /** The token of an API key, by its text. @throws as {@link ofBrowser} does */
  async ofApiKey(text: string): Promise<VerifiedToken> {
    const clientId = apiKeyId(text);
    if (clientId === undefined) throw new ForgeError('UNAUTHENTICATED', 'that is no API key; was it copied whole?');
    return this.#login({ clientId, clientSecret: text });
  }

  async #login(login: Login): Promise<VerifiedToken> {
    const known = this.#tokens(login);
    try {
      return await this.#verified(known);
    } catch (error) {
      this.#known.delete(keyOf(login));
      const isOld = known.isKnown && error instanceof ForgeError && error.code === 'UNAUTHENTICATED';
      if (!isOld) throw error;
      // Its token is revoked, but perhaps not the secret: a change of the owner's role ends the tokens of before.
      return await this.#verified(this.#tokens(login));
    }
  }

  async #verified({ token }: { token: TokenSource }): Promise<VerifiedToken> {
    return this.verifier.verifyToken(await token());
  }

  #tokens(login: Login): { token: TokenSource; isKnown: boolean } {
    const key = keyOf(login);
    const now = Date.now();
    const known = this.#known.get(key);
    if (known && known.untilMs > now) return { token: known.token, isKnown: true };
    const token = clientCredentials({ authUrl: this.authUrl, ...login });
    this.#known.delete(key);
    this.#known.set(key, { token, untilMs: now + CACHE_MS });
    if (this.#known.size > MAX_CACHED) this.#known.delete(this.#known.keys().next().value!);
    return { token, isKnown: false };
  }
}

function keyOf({ clientId, clientSecret }: Login): string {
  return createHash('sha256').update(`${clientId}\0${clientSecret}`).digest('base64');
}
