import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '@agent-forge/contracts';
import type { Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
});
afterAll(() => world?.destroy());

/** Every route that takes JSON; what comes after the path is a body that is good but for the run or phase that is not there. */
const ROUTES: [string, object][] = [
  ['/v1/runs', { phases: [{ phase: 'cognate' }] }],
  ['/v1/runs/01hzzzzzzzzzzzzzzzzzzzzzzz:cancel', { reason: 'x' }],
  ['/v1/runs/01hzzzzzzzzzzzzzzzzzzzzzzz:pause', { reason: 'x' }],
  ['/v1/runs/01hzzzzzzzzzzzzzzzzzzzzzzz:retry', { phase: 'cognate' }],
  ['/v1/runs/01hzzzzzzzzzzzzzzzzzzzzzzz:fork', { phase: 'cognate' }],
  ['/v1/phases/cognate/runs', {}],
  ['/v1/webhooks', { url: 'http://127.0.0.1:1/' }],
];

/** One member more, in front of those of a good body. */
const plus = (good: object, member: string) =>
  `{${member}${Object.keys(good).length > 0 ? ',' : ''}${JSON.stringify(good).slice(1)}`;

/** Rows "JSON" of reliability.md, B.4. */
const BODIES: [string, (good: object) => string | Buffer, Record<string, string>, number[]][] = [
  ['10 MB', () => `{"x":"${'x'.repeat(10_000_000)}"}`, {}, [413]],
  ['a depth that exhausts stacks', () => '['.repeat(32_000) + ']'.repeat(32_000), {}, [400]],
  ['a depth of 10^5', () => '['.repeat(100_000) + ']'.repeat(100_000), {}, [413]],
  ['a depth behind a known field', () => `{"phases":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, {}, [400]],
  ['__proto__', (good) => plus(good, '"__proto__":{"polluted":true}'), {}, [400]],
  ['constructor.prototype', (good) => plus(good, '"constructor":{"prototype":{"polluted":true}}'), {}, [400]],
  ['a number that is too large for any', (good) => plus(good, '"x":1e400'), {}, [400]],
  ['-0 where no field is', (good) => plus(good, '"x":-0'), {}, [400]],
  ['half of a surrogate pair', (good) => plus(good, '"\\ud800":1'), {}, [400]],
  ['bytes that are no UTF-8', () => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, [400]],
  ['a NUL', () => '{"\u0000":1}', {}, [400]],
  ['ten thousand unknown fields', () => `{${Array.from({ length: 6_000 }, (_, i) => `"f${i}":1`).join()}}`, {}, [400]],
  ['a list', () => '[]', {}, [400]],
  ['a number', () => '1', {}, [400]],
  ['null', () => 'null', {}, [400]],
  ['half a body', (good) => JSON.stringify(good).slice(0, -1), {}, [400]],
  ['two bodies', (good) => JSON.stringify(good).repeat(2), {}, [400]],
  ['a single quote', () => "{'a':1}", {}, [400]],
  ['XML', () => '<a/>', { 'content-type': 'application/xml' }, [415]],
  ['a form', () => 'a=1', { 'content-type': 'application/x-www-form-urlencoded' }, [415]],
  ['JSON as text', (good) => JSON.stringify(good), { 'content-type': 'text/plain' }, [415]],
  ['a gzip bomb', () => gzipSync(Buffer.alloc(1_000_000, 0x20)), { 'content-encoding': 'gzip' }, [415]],
  ['a type that only begins like JSON', (good) => JSON.stringify(good), { 'content-type': 'application/jsonp' }, [415]],
];

describe.each(ROUTES)('POST %s', (path, good) => {
  test.each(BODIES)('refuses %s', async (_, body, headers, statuses) => {
    for (const key of [undefined, 'a-key']) {
      const answer = await fetch(client.url + path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await client.token()}`,
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...headers,
        },
        body: body(good) as string,
      });
      const problem = (await answer.json()) as Problem;
      expect([statuses.includes(answer.status), answer.status, problem.detail]).toEqual([
        true,
        answer.status,
        problem.detail,
      ]);
      expect(problem.code).toMatch(/^(INVALID_ARGUMENT|PAYLOAD_TOO_LARGE|UNSUPPORTED_FORMAT)$/);
      expect(Object.prototype).not.toHaveProperty('polluted');
    }
  });
});

test('a request that says its length twice is refused, and the connection ends', async () => {
  const { hostname, port } = new URL(client.url);
  const token = await client.token();
  const lines = [
    'POST /v1/runs HTTP/1.1',
    `host: ${hostname}`,
    `authorization: Bearer ${token}`,
    'content-type: application/json',
    'content-length: 2',
    'transfer-encoding: chunked',
    '',
    '2',
    '{}',
    '0',
    '',
    '',
  ];
  const socket = connect(Number(port), hostname).end(lines.join('\r\n'));
  let said = '';
  for await (const chunk of socket) said += String(chunk);
  expect(said).toMatch(/^HTTP\/1\.1 400 /);
  expect(said.match(/HTTP\/1\.1/g)).toHaveLength(1);
});
