import { ERROR_CATALOG, ForgeError, PROBLEM_TYPE, type ErrorCode, type Problem } from '@agent-forge/contracts';
import { randomId } from './bytes.js';
import type { TokenSource } from './tokens.js';
import { whyNoAnswer } from './no-answer.js';

/** Answers come at once or not at all; uploads, downloads and event streams have no such limit. */
const TIMEOUT_MS = 30_000;
/** A problem document is a few lines; what is longer is something else. */
const MAX_PROBLEM_LENGTH = 16_384;

/** A change is sent at most so often while nobody answers; the gateway does it once. */
const MAX_SENDS = 3;
const FIRST_WAIT_MS = 200;
/** Nobody answered, or the first try is still being answered. */
const WORTH_ANOTHER: readonly ErrorCode[] = ['BROKER_UNAVAILABLE', 'IDEMPOTENCY_KEY_IN_USE'];

/** A body: a blob, or in Node.js anything that is read while it is sent (browsers cannot do that over HTTP/1.1). */
export type Content = Blob | AsyncIterable<Uint8Array>;

/** Where a service is, the gateway or for some verbs the auth service, and who asks. */
export interface Connection {
  /** Its base URL, for example `http://127.0.0.1:8083`. */
  readonly url: string;
  readonly token: TokenSource;
}

/** The way to a service; routes that want no token are asked without one. */
export type Way = Pick<Connection, 'url'> & Partial<Connection>;

/** One request. */
export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Starts with `/v1/`; whoever builds it encodes what comes from outside. */
  path: string;
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  json?: object;
  /** Sent as it is. */
  body?: { content: Content; type: string };
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the answer take as long as it likes; then only `signal` ends it. */
  isLong?: boolean;
  /** Never sent again by itself: where it is sent nobody knows of Idempotency-Keys, and twice would be two. */
  isOnce?: boolean;
}

/**
 * Sends a request and gives the answer when it is a success. A change (a POST with JSON or without a body) carries an Idempotency-Key and is sent
 * again when the connection breaks: it is done once all the same, unless it is `isOnce`.
 * @throws ForgeError that of the gateway's problem document; BROKER_UNAVAILABLE when nobody answers; CANCELLED after `signal`
 */
export async function send(connection: Way, request: ApiRequest): Promise<Response> {
  if (request.method !== 'POST' || request.body !== undefined || request.isOnce) return sendOnce(connection, request);
  const headers = { 'idempotency-key': randomId(), ...request.headers };
  for (let sends = 1; ; sends++) {
    try {
      return await sendOnce(connection, { ...request, headers });
    } catch (error) {
      const isWorthIt = error instanceof ForgeError && WORTH_ANOTHER.includes(error.code);
      if (!isWorthIt || sends >= MAX_SENDS) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** sends));
    }
  }
}

async function sendOnce(connection: Way, request: ApiRequest): Promise<Response> {
  const { method = 'GET', path, query = {}, json, body, headers = {}, signal, isLong = false } = request;
  const url = new URL(path, connection.url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const signals = [signal, isLong ? undefined : AbortSignal.timeout(TIMEOUT_MS)].filter((s) => s !== undefined);
  const content = json ? JSON.stringify(json) : body && bodyOf(body.content);
  const type = json ? 'application/json' : body?.type;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { ...(await authorization(connection)), ...(type ? { 'content-type': type } : {}), ...headers },
      ...(content === undefined ? {} : { body: content }),
      ...(content instanceof ReadableStream ? { duplex: 'half' } : {}),
      signal: AbortSignal.any(signals),
      redirect: 'error',
    } as RequestInit);
  } catch (error) {
    throw sendError(error, url, signal);
  }
  if (answer.ok) return answer;
  throw await problemError(answer);
}

async function authorization({ token }: Way): Promise<Record<string, string>> {
  return token ? { authorization: `Bearer ${await token()}` } : {};
}

function bodyOf(content: Content): Blob | ReadableStream {
  return content instanceof Blob ? content : ReadableStream.from(content);
}

/** Sends a request and reads the JSON of its answer. @throws ForgeError as {@link send} does */
export async function sendForJson<T>(connection: Way, request: ApiRequest): Promise<T> {
  const answer = await send(connection, request);
  try {
    return (await answer.json()) as T;
  } catch (error) {
    throw sendError(error, new URL(connection.url), request.signal);
  }
}

/** What a request that got no answer, or only a part of one, means. */
export function sendError(error: unknown, url: URL, signal: AbortSignal | undefined): ForgeError {
  if (error instanceof ForgeError) return error;
  if (signal?.aborted) return new ForgeError('CANCELLED', 'the request was cancelled', error);
  const { cause } = error as { cause?: unknown };
  // What the caller's own body threw while it was read arrives as the cause of fetch's error.
  if (cause instanceof ForgeError) return cause;
  return new ForgeError('BROKER_UNAVAILABLE', `${url.origin} does not answer (${whyNoAnswer(error)})`, error);
}

async function problemError(answer: Response): Promise<ForgeError> {
  const text = (await answer.text().catch(() => '')).slice(0, MAX_PROBLEM_LENGTH);
  const isProblem = answer.headers.get('content-type')?.startsWith(PROBLEM_TYPE);
  try {
    const { code, detail } = JSON.parse(isProblem ? text : '{}') as Partial<Problem>;
    if (code !== undefined && Object.hasOwn(ERROR_CATALOG, code))
      return new ForgeError(code, withWait(detail ?? code, answer));
  } catch {
    // Not one of ours: the status is all there is.
  }
  const code: ErrorCode = answer.status >= 500 ? 'BROKER_UNAVAILABLE' : 'INVALID_ARGUMENT';
  return new ForgeError(code, `${new URL(answer.url).origin} answered ${answer.status} without saying why`);
}

/** Says when to come again, where the text does not. */
function withWait(text: string, { status, headers }: Response): string {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return status === 429 && seconds > 0 && !text.includes(`${seconds} s`) ? `${text}; try again in ${seconds} s` : text;
}
