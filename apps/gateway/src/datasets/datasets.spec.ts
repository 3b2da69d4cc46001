import { createHash } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { getArtifact, readArtifactFile, uploadDataset, type Connection } from '@agent-forge/sdk';
import { World } from '../testing/world.js';

let world: World;
let client: Connection;
beforeAll(async () => {
  world = await World.create();
  client = await world.connect();
});
afterAll(() => world?.destroy());

async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part as string);
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const temporary = () => readdir(join(world.broker.dataDir, 'artifacts', 'tmp'));

async function download(id: string): Promise<Buffer> {
  const { files } = await getArtifact(client, id);
  const parts: Uint8Array[] = [];
  for await (const part of readArtifactFile(client, id, files[0]!)) parts.push(part);
  return Buffer.concat(parts);
}

describe('an uploaded text', () => {
  test('comes back as it was, under the same id every time, with its lineage', async () => {
    const text = Buffer.from('Zwölf Boxkämpfer\njagen 犬 quer über den Deich.\n');
    // In pieces that cut characters.
    const pieces = Array.from({ length: text.length }, (_, i) => text.subarray(i, i + 1));
    const first = await uploadDataset(client, chunks(...pieces));
    expect(first).toEqual({
      artifactId: expect.stringMatching(/^[0-9a-f]{64}$/),
      kind: 'dataset',
      sizeBytes: text.length,
      files: [{ name: 'text.txt', digest: sha256(text), sizeBytes: text.length }],
    });
    expect(await uploadDataset(client, chunks(text))).toEqual(first);
    expect(await download(first.artifactId)).toEqual(text);
    expect(await getArtifact(client, first.artifactId)).toMatchObject({
      kind: 'dataset',
      files: first.files,
      lineage: { phase: 'import', parents: [] },
    });
  });

  test('of many megabytes goes through without being gathered in memory', async () => {
    const block = Buffer.from('All work and no play makes a dull text. '.repeat(26_215));
    const count = 150;
    const rssBefore = process.memoryUsage().rss;
    let peak = 0;
    const { sizeBytes, artifactId } = await uploadDataset(
      client,
      (async function* () {
        for (let i = 0; i < count; i++) {
          peak = Math.max(peak, process.memoryUsage().rss);
          yield block;
        }
      })(),
    );
    expect(sizeBytes).toBe(count * block.length);
    // Client and gateway share this process; together they hold a small part of the 157 MB.
    expect(peak - rssBefore).toBeLessThan(sizeBytes * 0.6);
    expect((await download(artifactId)).length).toBe(sizeBytes);
  });

  test.each<[string, (string | Uint8Array)[], RegExp]>([
    ['is empty', [], /is empty/],
    ['is not UTF-8', ['one\ntwo\n', Uint8Array.of(0xc3, 0x28)], /not UTF-8 \(in line 1 or after/],
    ['is Latin-1', [Buffer.from('Überfluß\n', 'latin1')], /not UTF-8/],
    ['ends inside of a character', ['abc', Uint8Array.of(0xe2, 0x82)], /not UTF-8/],
    ['has surrogates', [Uint8Array.of(0xed, 0xa0, 0x80)], /not UTF-8/],
    ['is UTF-16', [Buffer.from('abc\n', 'utf16le')], /NUL byte/],
    ['is binary', [Uint8Array.of(0x50, 0x4b, 7, 4, 20, 0, 0, 0)], /NUL byte/],
  ])('that %s is refused, and nothing of it is kept', async (_, parts, message) => {
    const upload = uploadDataset(client, chunks(...parts));
    await expect(upload).rejects.toMatchObject({ code: 'DATA_INVALID', message: expect.stringMatching(message) });
    expect(await temporary()).toEqual([]);
  });

  test('that is large and wrong is refused as well, though it is still on its way', async () => {
    const block = Buffer.from('x'.repeat(1024 * 1024));
    const upload = uploadDataset(client, chunks(Uint8Array.of(0xff), ...Array.from({ length: 50 }, () => block)));
    await expect(upload).rejects.toMatchObject({ code: 'DATA_INVALID' });
    expect(await temporary()).toEqual([]);
  });

  test('that breaks off is not kept', async () => {
    const stop = new AbortController();
    const upload = uploadDataset(
      client,
      (async function* () {
        yield Buffer.from('the beginning');
        await sleep(200);
        stop.abort();
        await sleep(1_000);
        yield Buffer.from('the end');
      })(),
      stop.signal,
    );
    await expect(upload).rejects.toMatchObject({ code: 'CANCELLED' });
    for (let i = 0; i < 100 && (await temporary()).length > 0; i++) await sleep(50);
    expect(await temporary()).toEqual([]);
  });

  test('that cannot be read to its end says so in its own words', async () => {
    const upload = uploadDataset(
      client,
      (async function* () {
        yield Buffer.from('the beginning');
        throw new Error('the disk is on fire');
      })(),
    );
    await expect(upload).rejects.toThrow(/disk is on fire/);
  });

  test('comes as text/plain or in parts, and as nothing else', async () => {
    const authorization = `Bearer ${await client.token()}`;
    for (const type of ['application/json', 'multipart/mixed; boundary=x', 'application/octet-stream', 'text/html']) {
      const answer = await fetch(`${client.url}/v1/datasets`, {
        method: 'POST',
        headers: { authorization, 'content-type': type },
        body: '"x"',
      });
      expect([type, answer.status]).toEqual([type, 415]);
    }
  });
});

describe('several files', () => {
  const RECORD = '{"prompt":"1+1","completion":"2"}\n';

  async function send(files: Record<string, string | Uint8Array>) {
    const form = new FormData();
    for (const [name, content] of Object.entries(files)) form.append('files', new Blob([content as string]), name);
    const authorization = `Bearer ${await client.token()}`;
    const answer = await fetch(`${client.url}/v1/datasets`, { method: 'POST', headers: { authorization }, body: form });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
  const stored = () => readdir(join(world.broker.dataDir, 'artifacts'), { recursive: true });

  test('become one data set, whatever their order', async () => {
    const files = { 'book.txt': 'A text.\n', 'chats.jsonl': RECORD };
    const first = await send(files);
    expect(first).toMatchObject({ status: 201, body: { kind: 'dataset', sizeBytes: 8 + RECORD.length } });
    const again = await send(Object.fromEntries(Object.entries(files).reverse()));
    expect(again.body).toEqual(first.body);
  });

  test.each<[string, Record<string, string | Uint8Array>, string, RegExp]>([
    ['a bad record', { 'a.txt': 'x', 'b.jsonl': `${RECORD}{"x":1}\n` }, 'DATA_INVALID', /^b\.jsonl:2: a record/],
    ['a text that is none', { 'a.txt': 'x', 'b.txt': Uint8Array.of(0xff) }, 'DATA_INVALID', /^b\.txt: not UTF-8/],
    ['an empty file', { 'a.txt': 'x', 'b.txt': '' }, 'DATA_INVALID', /b\.txt: the text is empty/],
    ['a format that is not read', { 'a.txt': 'x', 'b.parquet': 'PAR1' }, 'UNSUPPORTED_FORMAT', /b\.parquet/],
    ['a path', { 'a.txt': 'x', '../b.txt': 'x' }, 'INVALID_ARGUMENT', /without folders/],
    ['a name that comes twice', { 'a.txt': 'x', 'A.txt': 'y' }, 'INVALID_ARGUMENT', /comes twice/],
  ])('of which one is %s are refused together', async (_, files, code, message) => {
    const before = await stored();
    const { body } = await send(files);
    expect(body).toMatchObject({ code, detail: expect.stringMatching(message) });
    expect(await stored()).toEqual(before);
    expect(await readdir(join(world.broker.dataDir, 'work'))).toEqual([]);
  });
});

describe('a file of an artifact', () => {
  test('that is damaged in the store never looks like a whole one', async () => {
    const { artifactId, files } = await uploadDataset(client, chunks('A text that will be damaged.'));
    const { digest } = files[0]!;
    await writeFile(
      join(world.broker.dataDir, 'artifacts', 'files', digest.slice(0, 2), digest),
      'A text that has been damaged',
    );
    await expect(download(artifactId)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    const authorization = `Bearer ${await client.token()}`;
    const answer = await fetch(`${client.url}/v1/artifacts/${artifactId}/files/text.txt`, {
      headers: { authorization },
    });
    expect([answer.status, await answer.json()]).toEqual([422, expect.objectContaining({ code: 'DIGEST_MISMATCH' })]);
  });

  test('that is damaged and large is cut off before its end', async () => {
    const text = Buffer.from('A text of some length. '.repeat(100_000));
    const { artifactId, files } = await uploadDataset(client, chunks(text));
    const { digest } = files[0]!;
    text[text.length - 1] = 0x21;
    await writeFile(join(world.broker.dataDir, 'artifacts', 'files', digest.slice(0, 2), digest), text);
    const authorization = `Bearer ${await client.token()}`;
    const answer = await fetch(`${client.url}/v1/artifacts/${artifactId}/files/text.txt`, {
      headers: { authorization },
    });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  test('is named by its manifest, never by a path', async () => {
    const { artifactId } = await uploadDataset(client, chunks('x'));
    const authorization = `Bearer ${await client.token()}`;
    const names = [
      '..',
      '../x',
      '..%2f..%2fauth%2fadmin.json',
      '%2e%2e/%2e%2e/auth/admin.json',
      '/etc/passwd',
      'text.txt%00',
      'TEXT.TXT',
      '',
      '__proto__',
      '..\\x',
    ];
    for (const name of names) {
      const answer = await fetch(`${client.url}/v1/artifacts/${artifactId}/files/${name}`, {
        headers: { authorization },
      });
      expect([name, answer.status]).toEqual([name, 404]);
    }
    for (const id of ['..', 'x', 'F'.repeat(64), '%2e%2e%2fauth', 'f'.repeat(64)]) {
      const answer = await fetch(`${client.url}/v1/artifacts/${id}`, { headers: { authorization } });
      expect([id, answer.status]).toEqual([id, 404]);
    }
  });

  test('is sent as data that no browser runs', async () => {
    const { artifactId } = await uploadDataset(client, chunks('<script>alert(1)</script>'));
    const authorization = `Bearer ${await client.token()}`;
    const answer = await fetch(`${client.url}/v1/artifacts/${artifactId}/files/text.txt`, {
      headers: { authorization },
    });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-disposition': 'attachment; filename="text.txt"',
      'content-length': '25',
      'x-content-type-options': 'nosniff',
    });
  });
});
