import { randomBytes } from 'node:crypto';
import { ulid, type RecordStore, type Scope } from '@agent-forge/contracts';
import { SESSION_MAX_AGE_MS, type Revocations } from '@agent-forge/nats';
import type { Principal } from '../identities/principal.js';
import type { Principals } from '../identities/principals.js';
import type { ServiceSecret } from '../secrets/service-secret.js';
import { formatRefreshToken, readRefreshToken } from './refresh-token.js';

/** A person has a few devices; a program that logs in ever anew must not fill the store. */
const MAX_SESSIONS = 20;

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

/** A session as it was found by a refresh token that is good now, and the principal whose it is. */
export interface FoundSession {
  readonly session: Session;
  readonly principal: Principal;
  readonly revision: number;
}

/** A session that does not go on; whose it was, when its refresh token was one of ours. */
export interface EndedSession {
  readonly ended: Ended;
  readonly subject?: string;
  readonly tenant?: string;
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

  /** Begins a session. @returns it and its first refresh token */
  async start(principal: Principal, scopes: readonly Scope[]): Promise<{ session: Session; refreshToken: string }> {
    const { id: subject, tenant, generation } = principal;
    const startedAtMs = Date.now();
    const id = ulid(startedAtMs, randomBytes(10));
    await this.#makeRoom(subject);
    const session: Session = { id, subject, tenant, generation, scopes, count: 1, startedAtMs };
    await this.records.create(keyOf(session), session);
    return { session, refreshToken: this.#tokenOf(session) };
  }

  /** The session of a refresh token. One that was used before shows that two have it: the session ends for both. */
  async find(text: string): Promise<FoundSession | EndedSession> {
    const token = readRefreshToken(text, this.secret);
    const stored = token && (await this.records.get<Session>(keyOf({ subject: token.subject, id: token.session })));
    if (stored === undefined) return { ended: 'unknown' };
    const { value: session, revision } = stored;
    if (session.count !== token!.count) return this.#endAs('reused', session);
    const principal = await this.principals.get(session.subject);
    const isOver = session.startedAtMs + SESSION_MAX_AGE_MS <= Date.now();
    if (isOver || principal?.generation !== session.generation || principal.isDisabled)
      return this.#endAs('ended', session);
    return { session, principal, revision };
  }

  /** Uses up the refresh token by which a session was found. @returns the next one */
  async continue({ session, revision }: FoundSession): Promise<string | EndedSession> {
    const next = { ...session, count: session.count + 1 };
    if (await this.records.update(keyOf(session), next, revision)) return this.#tokenOf(next);
    // Somebody who was first at the same moment has used it.
    return this.#endAs('reused', session);
  }

  /** The session of a refresh token, also of a used one; undefined when it is none of ours. */
  sessionOf(text: string): Pick<Session, 'subject' | 'id'> | undefined {
    const token = readRefreshToken(text, this.secret);
    return token && { subject: token.subject, id: token.session };
  }

  /** Ends a session, and all tokens that it gave. @returns whose it was, if there was one */
  async end(name: Pick<Session, 'subject' | 'id'>): Promise<Session | undefined> {
    const session = await this.records.get<Session>(keyOf(name));
    await this.records.remove(keyOf(name));
    await this.revocations.revokeSession(name.id);
    return session?.value;
  }

  /** Ends the oldest sessions of somebody who has too many. */
  async #makeRoom(subject: string): Promise<void> {
    const sessions = await this.records.list<Session>(subject);
    const over = Math.max(0, sessions.length - MAX_SESSIONS + 1);
    for (const session of sessions.slice(0, over)) await this.end(session);
  }

  async #endAs(ended: Ended, session: Session): Promise<EndedSession> {
    await this.end(session);
    const { subject, tenant } = session;
    return { ended, subject, tenant };
  }

  #tokenOf({ subject, id, count }: Session): string {
    return formatRefreshToken({ subject, session: id, count }, this.secret);
  }
}

function keyOf({ subject, id }: Pick<Session, 'subject' | 'id'>): string {
  return `${subject}.${id}`;
}
