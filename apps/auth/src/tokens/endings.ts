import { API_KEY_PREFIX, type Caller } from '@agent-forge/contracts';
import type { Revocations } from '@agent-forge/nats';
import type { TokenVerifier } from '@agent-forge/runtime';
import type { ApiKeys } from '../identities/api-keys.js';
import type { Sessions } from '../sessions/sessions.js';

/** Whose something was. */
type Owner = Pick<Caller, 'subject' | 'tenant'>;

/** All ways to end what was given out, for whoever has it: to log out, or to make a leak harmless. */
export class Endings {
  constructor(
    private readonly sessions: Sessions,
    private readonly keys: ApiKeys,
    private readonly verifier: TokenVerifier,
    private readonly revocations: Revocations,
  ) {}

  /**
   * Ends a refresh token with its session, an API key, or one access token; what is none of these has no effect.
   * @returns whose it was, where that can be told
   * @throws ForgeError BROKER_UNAVAILABLE
   */
  async end(token: string): Promise<Owner | undefined> {
    if (token.startsWith(API_KEY_PREFIX)) return this.#endKey(token);
    const session = this.sessions.sessionOf(token);
    if (session !== undefined) return this.sessions.end(session);
    const verified = await this.verifier.verifyToken(token).catch(() => undefined);
    if (verified === undefined) return undefined;
    await this.revocations.revokeToken(verified.revocable.id);
    return verified.caller;
  }

  async #endKey(text: string): Promise<Owner | undefined> {
    const key = await this.keys.find(text);
    if (key === undefined) return undefined;
    await this.keys.revoke(key);
    return { subject: key.owner, tenant: key.tenant };
  }
}
