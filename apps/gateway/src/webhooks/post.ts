import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP } from 'node:net';
import { CONTENT_TYPE, ForgeError, type DeliveryAttempt } from '@agent-forge/contracts';
import { hostOf, type TargetPolicy } from './target.js';

/** From the first packet to the end of the answer. */
const TIMEOUT_MS = 10_000;
/** Of the answer only the status counts; this much is read so that a small one ends cleanly. */
const MAX_ANSWER_BYTES = 16 * 1024;
/** Errors of the system that say enough in words of their own. */
const KNOWN_CODES =
  /^(?:ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT|CERT_\w+|ERR_TLS_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+|HPE_\w+)$/;

/** What is sent where. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Sends one delivery. A status of 200 to 299 is success; redirects are not followed, since each would need the same checks and signatures must not
 * wander. Never throws: what went wrong stands in the attempt.
 */
export async function post(policy: TargetPolicy, what: Post, timeoutMs = TIMEOUT_MS): Promise<DeliveryAttempt> {
  const started = Date.now();
  const at = new Date(started).toISOString();
  try {
    const status = await statusOf(policy, what, timeoutMs);
    const attempt = { at, durationMs: Date.now() - started, status };
    if (status >= 200 && status < 300) return attempt;
    const redirect = status >= 300 && status < 400 ? '; redirects are not followed' : '';
    return { ...attempt, problem: `the target answered ${status}${redirect}` };
  } catch (error) {
    return { at, durationMs: Date.now() - started, problem: problemOf(error) };
  }
}

function statusOf(policy: TargetPolicy, { url: text, headers, body }: Post, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = policy.parse(text);
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: 'POST',
      // No connection is kept: each is made to an address that was checked for it.
      agent: false,
      lookup: policy.lookupFor(url),
      // For certificates: a name, never an address.
      ...(isIP(hostOf(url)) === 0 ? { servername: hostOf(url) } : {}),
      headers: { ...headers, 'content-type': CONTENT_TYPE, 'content-length': body.length, 'user-agent': 'agent-forge' },
    });
    const timer = setTimeout(() => request.destroy(new Error(`gave no answer within ${timeoutMs} ms`)), timeoutMs);
    request.once('close', () => clearTimeout(timer)).once('error', reject);
    request.once('response', (answer) => drain(request, answer, () => resolve(answer.statusCode!), reject));
    request.end(body);
  });
}

/** Reads an answer to its end, or as far as it is worth it. */
function drain(request: ClientRequest, answer: IncomingMessage, done: () => void, failed: (e: Error) => void): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) return;
    done();
    request.destroy();
  });
  answer.once('end', done).once('error', failed);
}

/** Nothing that the target could choose: what it said must not come back to whoever made the webhook. */
function problemOf(error: unknown): string {
  if (error instanceof ForgeError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== undefined)
    return KNOWN_CODES.test(code) ? `the target cannot be reached (${code})` : 'the target cannot be reached';
  return `the target ${message}`;
}
