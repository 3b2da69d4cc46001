import { randomBytes } from 'node:crypto';
import { ulid, type RecordStore, type Scope } from '@agent-forge/contracts';
import { SESSION_MAX_AGE_MS, type Revocations } from '@agent-forge/nats';
import type { Principal } from '../identities/principal.js';
import type { Principals } from '../identities/principals.js';
import type { ServiceSecret } from '../secrets/service-secret.js';
import { formatRefreshToken, readRefreshToken } from './refresh-token.js';

/** What began with a login and is continued by refresh tokens, one after the other: their family. */
export interface Session {
  readonly id: string;
  readonly subject: string;
  readonly tenant: string;
  /** The subject's at the login; a later one ends the session. */
  readonly generation: number;
  readonly scopes: readonly Scope[];
  /** Of the one refresh token that is good now. */
  readonly count: number;
  readonly startedAtMs: number;
}

/** A session that goes on, and the refresh token for the next time. */
export interface Continued {
  readonly session: Session;
  readonly principal: Principal;
  readonly refreshToken: string;
}

/** Why a session does not go on. */
export type Ended = 'unknown' | 'ended' | 'reused';

/** All sessions. */
export class Sessions {
  constructor(
    private readonly records: RecordStore,
    private readonly revocations: Pick<Revocations, 'revokeSession'>,
    private readonly principals: Principals,
    private readonly secret: ServiceSecret,
  ) {}

  async start(principal: Principal, scopes: readonly Scope[]): Promise<Continued> {
    const { id: subject, tenant, generation } = principal;
    const startedAtMs = Date.now();
    const id = ulid(startedAtMs, randomBytes(10));
    const session: Session = { id, subject, tenant, generation, scopes, count: 1, startedAtMs };
    await this.records.create(keyOf(id), session);
    return { session, principal, refreshToken: formatRefreshToken({ session: id, count: 1 }, this.secret) };
  }

  /** Continues a session by its refresh token, once. One that was used before shows that two have it: the session ends for both. */
  async continue(text: string): Promise<Continued | { ended: Ended; subject?: string; tenant?: string }> {
    const token = readRefreshToken(text, this.secret);
    const stored = token && (await this.records.get<Session>(keyOf(token.session)));
    if (stored === undefined) return { ended: 'unknown' };
    const { value: session, revision } = stored;
    const { subject, tenant } = session;
    const next = { ...session, count: session.count + 1 };
    // Somebody who was first at the same moment has used it.
    if (session.count !== token!.count || !(await this.records.update(keyOf(session.id), next, revision))) {
      await this.end(session.id);
      return { ended: 'reused', subject, tenant };
    }
    const principal = await this.principals.get(subject);
    const isOver = session.startedAtMs + SESSION_MAX_AGE_MS <= Date.now();
    if (isOver || principal?.generation !== session.generation || principal.isDisabled) {
      await this.end(session.id);
      return { ended: 'ended', subject, tenant };
    }
    const refreshToken = formatRefreshToken({ session: session.id, count: next.count }, this.secret);
    return { session: next, principal, refreshToken };
  }

  /** The session of a refresh token, also of a used one; undefined when it is none of ours. */
  sessionOf(text: string): string | undefined {
    return readRefreshToken(text, this.secret)?.session;
  }

  /** Ends a session, and all tokens that it gave. @returns whose it was, if there was one */
  async end(id: string): Promise<Session | undefined> {
    const session = await this.records.get<Session>(keyOf(id));
    await this.records.remove(keyOf(id));
    await this.revocations.revokeSession(id);
    return session?.value;
  }
}

function keyOf(id: string): string {
  return `session.${id}`;
}
