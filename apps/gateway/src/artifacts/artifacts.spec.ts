import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listArtifacts, uploadDataset, uploadDatasetFiles, type Connection } from '@agent-forge/sdk';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { World } from '../testing/world.js';

const TEXT = 'All work and no play makes a dull text.\n'.repeat(50_000);
let world: World;
let client: Connection;
let url: string;
let etag: string;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
  const { artifactId, files } = await uploadDataset(
    client,
    (async function* () {
      yield Buffer.from(TEXT);
    })(),
  );
  url = `${client.url}/v1/artifacts/${artifactId}/files/text.txt`;
  etag = `"${files[0]!.digest}"`;
});
afterAll(() => world?.destroy());

async function ask(headers: Record<string, string> = {}, method = 'GET') {
  const authorization = `Bearer ${await client.token()}`;
  const answer = await fetch(url, { method, headers: { authorization, ...headers } });
  return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
}

describe('a file', () => {
  test('comes whole, with its length, type and digest', async () => {
    const { status, headers, text } = await ask();
    expect([status, text === TEXT]).toEqual([200, true]);
    expect(headers).toMatchObject({
      etag,
      'accept-ranges': 'bytes',
      'content-length': String(TEXT.length),
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="text.txt"',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/default-src 'none'/),
    });
  });

  test('is described without being sent', async () => {
    const { status, headers, text } = await ask({ range: 'bytes=0-9' }, 'HEAD');
    expect([status, text, headers['content-length'], headers['etag']]).toEqual([200, '', String(TEXT.length), etag]);
  });

  test.each<[string, number, number]>([
    ['bytes=0-9', 0, 10],
    ['bytes=1999990-', 1_999_990, 2_000_000],
    ['bytes=-5', 1_999_995, 2_000_000],
    ['bytes=1048570-1048590', 1_048_570, 1_048_591],
    ['bytes=5-99999999', 5, 2_000_000],
  ])('comes in parts: %s', async (range, start, end) => {
    const { status, headers, text } = await ask({ range });
    expect([status, headers['content-range'], headers['content-length']]).toEqual([
      206,
      `bytes ${start}-${end - 1}/${TEXT.length}`,
      String(end - start),
    ]);
    expect(text === TEXT.slice(start, end)).toBe(true);
  });

  test('has no part behind its end, and says how long it is', async () => {
    const { status, headers, text } = await ask({ range: 'bytes=2000000-' });
    expect([status, headers['content-range']]).toEqual([416, `bytes */${TEXT.length}`]);
    expect(JSON.parse(text)).toMatchObject({ code: 'RANGE_NOT_SATISFIABLE', status: 416 });
  });

  test.each<[Record<string, string>, number]>([
    [{ range: 'bytes=0-9,20-29' }, 200],
    [{ range: 'bytes=9-0' }, 200],
    [{ range: 'lines=1-2' }, 200],
    [{ range: 'bytes=0-9', 'if-range': '"another"' }, 200],
    [{ range: 'bytes=0-9', 'if-range': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 200],
  ])('comes whole for what asks for no one part of it: %j', async (headers, status) => {
    const answer = await ask(headers);
    expect([answer.status, answer.text.length]).toEqual([status, TEXT.length]);
  });

  test('is continued where it broke, when it still is the same', async () => {
    expect((await ask({ range: 'bytes=0-9', 'if-range': etag })).status).toBe(206);
  });

  test('is not sent to whoever has it', async () => {
    const have = await ask({ 'if-none-match': `"x", W/${etag}` });
    expect([have.status, have.text, have.headers['etag']]).toEqual([304, '', etag]);
    expect((await ask({ 'if-none-match': '"x"' })).status).toBe(200);
  });
});

describe('artifacts', () => {
  test('are listed page by page', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'agent-forge-list-'));
    try {
      for (const name of ['one.txt', 'two.txt', 'three.jsonl'])
        await writeFile(join(dir, name), JSON.stringify({ text: name }));
      await uploadDatasetFiles(client, [join(dir, 'one.txt')]);
      const { artifactId, files } = await uploadDatasetFiles(client, [join(dir, 'two.txt'), join(dir, 'three.jsonl')]);
      expect(files.map(({ name }) => name)).toEqual(['three.jsonl', 'two.txt']);
      const all = await listArtifacts(client);
      expect(all.artifacts).toHaveLength(3);
      expect(all).not.toHaveProperty('next');
      expect(all.artifacts.find(({ id }) => id === artifactId)).toMatchObject({
        kind: 'dataset',
        phase: 'import',
        files: 2,
      });
      const paged = [];
      for (let after: string | undefined = ''; after !== undefined;) {
        const page = await listArtifacts(client, { limit: 1, ...(after ? { after } : {}) });
        paged.push(...page.artifacts);
        after = page.next;
      }
      expect(paged).toEqual(all.artifacts);
      await expect(listArtifacts(client, { limit: 0 })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await expect(listArtifacts(client, { after: 'x' })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
