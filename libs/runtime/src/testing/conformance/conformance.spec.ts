import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { checkConformance, type ConformanceReport } from './conformance.js';
import type { ApiDescription } from './document.js';

/** How the toy service strays from its document. */
type Fault =
  'none' | 'fails' | 'takes unknown fields' | 'answers more' | 'open to all' | 'refuses what is valid' | 'new status';

const REQUESTS = 400;
const problem = {
  type: 'object',
  properties: { code: { type: 'string' } },
  required: ['code'],
  additionalProperties: false,
};
const refused = (headers = {}) => ({ content: { 'application/problem+json': { schema: problem } }, headers });
const API: ApiDescription = {
  paths: {
    '/things': {
      post: {
        security: [{ bearer: [] }],
        requestBody: {
          required: true,
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { size: { type: 'integer', minimum: 1, maximum: 9 } },
                required: ['size'],
                additionalProperties: false,
              },
            },
          },
        },
        responses: {
          201: {
            content: {
              'application/json': {
                schema: { type: 'object', properties: { size: { type: 'integer' } }, additionalProperties: false },
              },
            },
          },
          400: refused(),
          401: refused({ 'www-authenticate': {} }),
          403: refused(),
          405: refused({ allow: {} }),
          413: refused(),
          415: refused(),
        },
      },
    },
  },
};

let server: Server | undefined;
afterEach(() => void server?.close());

test('a service that is as its document says passes', async () => {
  const { sent, findings } = await check('none');
  expect(sent).toBeGreaterThanOrEqual(REQUESTS);
  expect(findings).toEqual([]);
});

test.each<[Fault, RegExp]>([
  ['fails', /the server failed with 500/],
  ['takes unknown fields', /"body: mistake" is accepted with 201/],
  ['answers more', /the body is not as described: .*additional/],
  ['open to all', /"caller: none" is accepted with 201/],
  ['refuses what is valid', /a valid request is refused with 400/],
  ['new status', /status 418 is not described/],
])('one that %s is found out', async (fault, message) => {
  const { findings } = await check(fault);
  expect(findings.map((each) => each.problem)).toContainEqual(expect.stringMatching(message));
  for (const { curl } of findings) expect(curl).toMatch(/^curl -i -X [A-Z]+ /);
});

async function check(fault: Fault): Promise<ConformanceReport> {
  server = createServer(async (request, reply) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    answer(fault, reply, { method: request.method!, url: request.url!, headers: request.headers, body });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const token = (text: string) => async () => text;
  return checkConformance({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    api: API,
    seed: 7,
    requests: REQUESTS,
    callers: { owner: token('owner'), stranger: token('stranger'), unscoped: token('unscoped') },
    known: {},
    owned: [],
  });
}

interface Asked {
  method: string;
  url: string;
  headers: Record<string, unknown>;
  body: string;
}

function answer(fault: Fault, reply: ServerResponse, { method, url, headers, body }: Asked): void {
  const refuse = (status: number, more = {}) =>
    reply.writeHead(status, { 'content-type': 'application/problem+json', ...more }).end('{"code":"NO"}');
  if (method !== 'POST') return void refuse(405, { allow: 'POST' });
  if (headers['content-type'] !== undefined && headers['content-type'] !== 'application/json') return void refuse(415);
  if (fault !== 'open to all' && !String(headers['authorization']).match(/^Bearer (owner|unscoped)$/))
    return void refuse(401, { 'www-authenticate': 'Bearer' });
  if (headers['authorization'] === 'Bearer unscoped') return void refuse(403);
  if (body.length > 65_536) return void refuse(413);
  const size = sizeIn(body, fault === 'takes unknown fields');
  if (url !== '/things' || size === undefined || (fault === 'refuses what is valid' && size === 3))
    return void refuse(400);
  if (fault === 'fails' && size === 3) return void refuse(500);
  if (fault === 'new status' && size === 3) return void refuse(418);
  const more = fault === 'answers more' ? { more: 1 } : {};
  reply.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ size, ...more }));
}

/** Strict: one way only to write the body, but for blanks. */
function sizeIn(body: string, isLax: boolean): number | undefined {
  const [, size, rest] = /^\{"size":([1-9])(.*)\}$/.exec(body) ?? [];
  return size === undefined || (!isLax && rest !== '') ? undefined : Number(size);
}
