import { isId } from '@agent-forge/contracts';
import type { ServiceSecret } from '../secrets/service-secret.js';

/** `afr_`, whose session it is, which one, which of its tokens, and our authenticator of all that. */
const REFRESH_TOKEN = /^afr_([a-z0-9]{1,40})_([a-z0-9]{1,40})_([1-9][0-9]{0,8})_([A-Za-z0-9_-]{43})$/;
const PURPOSE = 'refresh token';

/** Which token of which session it is. */
export interface RefreshToken {
  readonly subject: string;
  readonly session: string;
  /** 1 for the first. */
  readonly count: number;
}

/** The text of a refresh token. Nothing of it is kept: the authenticator tells every one that we ever gave from one that we did not. */
export function formatRefreshToken({ subject, session, count }: RefreshToken, secret: ServiceSecret): string {
  const text = `${subject}_${session}_${count}`;
  return `afr_${text}_${secret.authenticate(PURPOSE, text)}`;
}

/** Reads a refresh token; undefined when it is none of ours. */
export function readRefreshToken(text: string, secret: ServiceSecret): RefreshToken | undefined {
  const [, subject, session, count, authenticator] = REFRESH_TOKEN.exec(text) ?? [];
  if (!isId(subject) || !isId(session)) return undefined;
  if (!secret.isAuthentic(PURPOSE, `${subject}_${session}_${count}`, authenticator!)) return undefined;
  return { subject, session, count: Number(count) };
}
