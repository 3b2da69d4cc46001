import { isId } from '@agent-forge/contracts';
import type { ServiceSecret } from '../secrets/service-secret.js';

/** `afr_`, the session, which of its tokens it is, and our authenticator of both. */
const REFRESH_TOKEN = /^afr_([a-z0-9]{1,40})_([1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})$/;
const PURPOSE = 'refresh token';

/** Which token of which session it is. */
export interface RefreshToken {
  readonly session: string;
  /** 1 for the first. */
  readonly count: number;
}

/** The text of a refresh token. Nothing of it is kept: the authenticator tells every one that we ever gave from one that we did not. */
export function formatRefreshToken({ session, count }: RefreshToken, secret: ServiceSecret): string {
  return `afr_${session}_${count}_${secret.authenticate(PURPOSE, `${session}_${count}`)}`;
}

/** Reads a refresh token; undefined when it is none of ours. */
export function readRefreshToken(text: string, secret: ServiceSecret): RefreshToken | undefined {
  const [, session, count, authenticator] = REFRESH_TOKEN.exec(text) ?? [];
  if (!isId(session) || !secret.isAuthentic(PURPOSE, `${session}_${count}`, authenticator!)) return undefined;
  return { session, count: Number(count) };
}
