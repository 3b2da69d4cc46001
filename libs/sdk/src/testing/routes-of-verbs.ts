import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import findMyWay, { type HTTPMethod } from 'find-my-way';
import { VERB_CALLS, withCallDir } from './verb-calls.js';

/** A request that a verb has sent. */
export interface VerbRequest {
  readonly verb: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
}

/** A route as Fastify has it in its table. */
export interface TableRoute {
  readonly method: string | readonly string[];
  readonly url: string;
}

/** What every verb asks first, by a server that knows nothing and answers all with 404. */
export async function requestsOfVerbs(): Promise<VerbRequest[]> {
  const requests: VerbRequest[] = [];
  let verb = '';
  const server = createServer((request, response) => {
    requests.push({ verb, method: request.method!, path: request.url!.split('?')[0]! });
    request.resume().on('end', () => {
      const problem = JSON.stringify({ code: 'NOT_FOUND', detail: 'nothing is here' });
      response.writeHead(404, { 'content-type': 'application/problem+json' }).end(problem);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await withCallDir(async (dir) => {
    for (const [name, call] of Object.entries(VERB_CALLS)) {
      verb = name;
      await Promise.resolve(call({ url, token: () => Promise.resolve('t') }, dir)).catch(() => undefined);
    }
  });
  server.close();
  server.closeAllConnections();
  return requests;
}

/** Routes of a table that no verb asks, as `METHOD url`. HEAD is left out: it is GET without its answer. */
export function routesWithoutVerb(table: readonly TableRoute[], requests: readonly VerbRequest[]): string[] {
  const router = findMyWay();
  const all = new Set<string>();
  for (const { method, url } of table) {
    for (const one of [method].flat() as HTTPMethod[]) {
      if (one === 'HEAD' || router.hasRoute(one, url)) continue;
      router.on(one, url, () => undefined, `${one} ${url}`);
      all.add(`${one} ${url}`);
    }
  }
  for (const { method, path } of requests) {
    const found = router.find(method as HTTPMethod, path);
    if (found) all.delete(found.store as string);
  }
  return [...all].sort();
}
