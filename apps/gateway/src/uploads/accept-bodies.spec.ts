import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Problem } from '@agent-forge/contracts';
import { World } from '../testing/world.js';

let world: World;
let authorization: string;
beforeAll(async () => {
  world = await World.create();
  authorization = `Bearer ${await (await world.connect()).token()}`;
});
afterAll(() => world?.destroy());

async function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string) {
  const answer = await fetch(world.gateway.url + path, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
  });
  return { answer, problem: (await answer.json()) as Problem };
}

describe('a body', () => {
  const RUN = '/v1/runs/01m83vgeqcs4pmhnmv2mr4r1wq:retry';

  test.each<[string, string, Record<string, string>, string]>([
    ['a form', RUN, { 'content-type': 'application/x-www-form-urlencoded' }, 'phase=cognate'],
    ['XML', '/v1/runs', { 'content-type': 'application/xml' }, '<run/>'],
    ['text on a route for JSON', '/v1/runs', { 'content-type': 'text/plain' }, '{}'],
    ['compressed', '/v1/runs', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, '{}'],
    ['a compressed upload', '/v1/datasets', { 'content-type': 'text/plain', 'content-encoding': 'br' }, 'x'],
  ])('that is %s is refused by its type', async (_, path, headers, body) => {
    const { problem } = await ask('POST', path, headers, body);
    expect([problem.status, problem.code]).toEqual([415, 'UNSUPPORTED_FORMAT']);
  });

  test.each([
    ['a zip archive', 'PK\x05\x06 and so on'],
    ['a PDF document', '%PDF-1.7\n'],
    ['a program', '\x7fELF\x02\x01\x01'],
    ['an HTML page', '<!DOCTYPE html>\n<title>404</title>'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1'],
    ['a Parquet file', 'PAR1....'],
  ])('that is %s is no text to learn from', async (what, text) => {
    const { problem } = await ask('POST', '/v1/datasets', { 'content-type': 'text/plain' }, text);
    expect(problem).toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      detail: expect.stringContaining(what.split(' ').at(-1)!),
    });
  });
});

describe('a path', () => {
  test.each([
    ['DELETE', '/v1/runs', 'GET, HEAD, POST'],
    ['PUT', '/v1/runs/abc', 'GET, HEAD'],
    ['GET', '/v1/phases/cognate/runs?x=1', undefined],
    ['PATCH', '/v1/models', 'POST'],
  ])('that does not take %s %s says which methods it takes', async (method, path, allow = 'POST') => {
    const { answer, problem } = await ask(method, path);
    expect([answer.status, answer.headers.get('allow'), problem.code]).toEqual([405, allow, 'METHOD_NOT_ALLOWED']);
  });

  test('that is not there is still not found', async () => {
    const { problem } = await ask('GET', '/v1/nothing');
    expect([problem.status, problem.code]).toEqual([404, 'NOT_FOUND']);
  });

  test('that is too long is not said again', async () => {
    const { answer, problem } = await ask('GET', `/v1/runs/${'secret'.repeat(500)}`);
    expect([answer.status, problem.code]).toEqual([414, 'URI_TOO_LONG']);
    expect(JSON.stringify(problem)).not.toContain('secret');
  });
});
