import { Agent, request as send } from 'node:http';
import { Rng } from '@agent-forge/contracts';
import { problemsOf, type WireAnswer } from './answers.js';
import { routesOf, type ApiDescription, type Route } from './document.js';
import { RequestMaker, type Knowledge, type Probe, type WireRequest } from './requests.js';
import { Validators } from './validators.js';

/** What is sent how often. */
export interface ConformanceOptions extends Knowledge {
  readonly url: string;
  readonly api: ApiDescription;
  readonly seed: number;
  /** Requests to send at least. */
  readonly requests: number;
  readonly concurrency?: number;
}

/** Something that does not conform. */
export interface Finding {
  readonly route: string;
  readonly kind: string;
  readonly problem: string;
  /** Repeats it; the token is left out. */
  readonly curl: string;
  readonly answer: string;
}

/** What a run has sent and found. */
export interface ConformanceReport {
  readonly sent: number;
  /** Requests by route, and by kind. */
  readonly byRoute: Readonly<Record<string, number>>;
  readonly byKind: Readonly<Record<string, number>>;
  /** Answers by status. */
  readonly byStatus: Readonly<Record<string, number>>;
  readonly findings: readonly Finding[];
}

const CONCURRENCY = 16;
/** Streams do not end; what comes first is enough. */
const STREAM_TYPE = 'text/event-stream';
const MAX_SHOWN = 300;

/**
 * Sends requests that are made out of an OpenAPI document, valid ones and such with one mistake, and judges every answer by the document
 * (the checks of Schemathesis). Routes and kinds take turns; a seed and an index decide each request, but for ids, which the service gives.
 */
export async function checkConformance(options: ConformanceOptions): Promise<ConformanceReport> {
  const { api, seed, requests, url, concurrency = CONCURRENCY } = options;
  const validators = new Validators(api);
  const maker = new RequestMaker(api, options, validators);
  const routes = routesOf(api).map((route) => ({ route, kinds: maker.kindsFor(route) }));
  const tally = new Tally();
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  let next = 0;
  const work = async () => {
    while (tally.sent < requests && next < requests * 3) {
      const index = next++;
      const { route, kinds } = routes[index % routes.length]!;
      const kind = kinds[Math.floor(index / routes.length) % kinds.length]!;
      const probe = await maker.make(route, kind, Rng.derive(seed, 'conformance', index));
      if (probe === undefined) continue;
      const answer = await ask(url, probe, agent);
      tally.add(probe, answer, problemsOf(probe, answer, api, validators, options.checkedFurther ?? {}));
      for (const problem of await follow(probe, answer, options, agent)) tally.add(probe, answer, [problem]);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  agent.destroy();
  return tally;
}

class Tally implements ConformanceReport {
  sent = 0;
  readonly byRoute: Record<string, number> = {};
  readonly byKind: Record<string, number> = {};
  readonly byStatus: Record<string, number> = {};
  readonly findings: Finding[] = [];

  add(probe: Probe, answer: WireAnswer, problems: readonly string[]): void {
    this.sent += 1;
    for (const [counts, key] of [
      [this.byRoute, probe.route.name],
      [this.byKind, probe.kind],
      [this.byStatus, String(answer.status)],
    ] as const)
      counts[key] = (counts[key] ?? 0) + 1;
    const { kind, route } = probe;
    const shown = `${answer.status} ${answer.body.slice(0, MAX_SHOWN)}`;
    for (const problem of problems)
      this.findings.push({ route: route.name, kind, problem, curl: curlOf(probe), answer: shown });
  }
}

/** What was made must be there, and what was removed must not. */
async function follow(
  probe: Probe,
  { status, headers }: WireAnswer,
  options: ConformanceOptions,
  agent: Agent,
): Promise<string[]> {
  if (probe.expected !== undefined || status >= 300) return [];
  const { location } = headers;
  const { authorization = '' } = probe.headers;
  const lookAt = (path: string) => ask(options.url, { method: 'GET', path, headers: { authorization } }, agent);
  if (typeof location === 'string') {
    learn(location, options);
    const isReadable = routesOf(options.api).some((route) => route.method === 'GET' && valueIn(route, location));
    if (isReadable && (await lookAt(location)).status !== 200) return [`what was made is not at ${location}`];
  }
  const isReadable = options.api.paths[probe.route.path]!['get'] !== undefined;
  if (probe.method !== 'DELETE' || status !== 204 || !isReadable) return [];
  return (await lookAt(probe.path)).status === 404 ? [] : ['what was removed is still there'];
}

/** Keeps the id of what was made. */
function learn(location: string, { api, known }: ConformanceOptions): void {
  for (const route of routesOf(api)) {
    const found = valueIn(route, location);
    if (found !== undefined) known[found.name]?.push(found.value);
  }
}

/** The last part of a path, where a route has its only parameter there. */
function valueIn({ path }: Route, location: string): { name: string; value: string } | undefined {
  const [, base, name] = /^([^{]*\/)\{(\w+)\}$/.exec(path) ?? [];
  if (base === undefined || !location.startsWith(base)) return undefined;
  const value = location.slice(base.length);
  return value.includes('/') ? undefined : { name: name!, value };
}

/** Sends a request as it is written: nothing is normalised on the way. */
function ask(url: string, { method, path, headers, body }: WireRequest, agent: Agent): Promise<WireAnswer> {
  const { hostname, port } = new URL(url);
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = send({ hostname, port, method, path, agent, headers: { ...headers, ...length } }, (incoming) => {
      const chunks: Buffer[] = [];
      const status = incoming.statusCode ?? 0;
      const done = () => resolve({ status, headers: incoming.headers, body: Buffer.concat(chunks).toString() });
      if (incoming.headers['content-type']?.startsWith(STREAM_TYPE)) {
        done();
        incoming.destroy();
        return;
      }
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.once('end', done);
      incoming.once('error', reject);
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

function curlOf({ method, path, headers, body }: WireRequest): string {
  const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = Object.entries(headers).map(([name, value]) =>
    quoted(name === 'authorization' ? 'authorization: Bearer $TOKEN' : `${name}: ${value}`).replace(
      "'authorization: Bearer $TOKEN'",
      '"authorization: Bearer $TOKEN"',
    ),
  );
  const data = body === undefined ? '' : ` --data-binary ${quoted(body.slice(0, 2_000))}`;
  return `curl -i -X ${method} ${lines.map((line) => `-H ${line} `).join('')}"$URL"${quoted(path)}${data}`;
}
