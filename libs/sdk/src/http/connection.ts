import { ERROR_CATALOG, ForgeError, PROBLEM_TYPE, type ErrorCode, type Problem } from '@agent-forge/contracts';
import type { TokenSource } from './tokens.js';

/** Answers come at once or not at all; uploads, downloads and event streams have no such limit. */
const TIMEOUT_MS = 30_000;
/** A problem document is a few lines; what is longer is something else. */
const MAX_PROBLEM_LENGTH = 16_384;

/** Where the gateway is, and who asks. */
export interface Connection {
  /** Base URL of the gateway, for example `http://127.0.0.1:8083`. */
  readonly url: string;
  readonly token: TokenSource;
}

/** One request. */
export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Starts with `/v1/`; whoever builds it encodes what comes from outside. */
  path: string;
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  json?: object;
  /** Sent as it is. */
  body?: { content: AsyncIterable<Uint8Array>; type: string };
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Lets the answer take as long as it likes; then only `signal` ends it. */
  isLong?: boolean;
}

/**
 * Sends a request and gives the answer when it is a success.
 * @throws ForgeError that of the gateway's problem document; BROKER_UNAVAILABLE when nobody answers; CANCELLED after `signal`
 */
export async function send(connection: Connection, request: ApiRequest): Promise<Response> {
  const { method = 'GET', path, query = {}, json, body, headers = {}, signal, isLong = false } = request;
  const url = new URL(path, connection.url);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  const signals = [signal, isLong ? undefined : AbortSignal.timeout(TIMEOUT_MS)].filter((s) => s !== undefined);
  const content = json ? JSON.stringify(json) : body && ReadableStream.from(body.content);
  const type = json ? 'application/json' : body?.type;
  let answer: Response;
  try {
    const authorization = `Bearer ${await connection.token()}`;
    answer = await fetch(url, {
      method,
      headers: { authorization, ...(type ? { 'content-type': type } : {}), ...headers },
      ...(content === undefined ? {} : { body: content, duplex: 'half' }),
      signal: AbortSignal.any(signals),
      redirect: 'error',
    } as RequestInit);
  } catch (error) {
    throw sendError(error, url, signal);
  }
  if (answer.ok) return answer;
  throw await problemError(answer);
}

/** Sends a request and reads the JSON of its answer. @throws ForgeError as {@link send} does */
export async function sendForJson<T>(connection: Connection, request: ApiRequest): Promise<T> {
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
  const cause = (error as { cause?: { code?: unknown; message?: unknown } }).cause;
  // What the caller's own body threw while it was read arrives as the cause of fetch's error.
  if (cause instanceof ForgeError) return cause;
  const said = cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : error);
  return new ForgeError('BROKER_UNAVAILABLE', `the gateway at ${url.origin} does not answer (${String(said)})`, error);
}

async function problemError(answer: Response): Promise<ForgeError> {
  const text = (await answer.text().catch(() => '')).slice(0, MAX_PROBLEM_LENGTH);
  const isProblem = answer.headers.get('content-type')?.startsWith(PROBLEM_TYPE);
  try {
    const { code, detail } = JSON.parse(isProblem ? text : '{}') as Partial<Problem>;
    if (code !== undefined && Object.hasOwn(ERROR_CATALOG, code)) return new ForgeError(code, detail ?? code);
  } catch {
    // Not one of ours: the status is all there is.
  }
  const code: ErrorCode = answer.status >= 500 ? 'BROKER_UNAVAILABLE' : 'INVALID_ARGUMENT';
  return new ForgeError(code, `${new URL(answer.url).origin} answered ${answer.status} without saying why`);
}
