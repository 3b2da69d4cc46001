import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type * as Sdk from '@agent-forge/sdk/browser';
import { build, stop } from 'esbuild';
import { World } from '../testing/world.js';

/** What a page has besides the language itself; nothing of Node.js is among it. */
const WEB = {
  AbortController,
  AbortSignal,
  Blob,
  ReadableStream,
  TextDecoder,
  TextEncoder,
  URL,
  URLSearchParams,
  atob,
  btoa,
  clearTimeout,
  crypto,
  fetch,
  setTimeout,
};
const PASSWORD = 'four quiet herons wade';

let world: World;
let code: string;
let forge: typeof Sdk;
beforeAll(async () => {
  world = await World.create();
  const { outputFiles } = await build({
    stdin: { contents: `export * from '@agent-forge/sdk'`, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'forge',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  await stop();
  code = outputFiles[0]!.text;
  forge = runInContext(`${code}; forge`, createContext({ ...WEB })) as typeof Sdk;
  await world.manage('POST', '/v1/users', { id: 'ada', role: 'admin', password: PASSWORD });
});
afterAll(() => world?.destroy());

/** A session as a page has it, which is refreshed each time that a token is wanted. */
async function connect(): Promise<{ connection: Sdk.Connection; refreshes: () => number }> {
  const auth = { url: world.authUrl };
  const first = forge.sessionOf(await forge.login(auth, { user: 'ada', password: PASSWORD }));
  let refreshes = 0;
  const token = forge.sessionTokens(auth.url, { ...first, endsAtMs: 0 }, () => void (refreshes += 1));
  return { connection: { url: world.gateway.url, token }, refreshes: () => refreshes };
}

test('the bundle for browsers has nothing of Node.js, and nothing that only Node.js can do', () => {
  expect(code).not.toMatch(/\brequire\(|["']node:|\bBuffer\.|\bsetImmediate\b/);
  expect(Object.keys(forge)).toEqual(
    expect.arrayContaining(['login', 'watchRun', 'uploadDatasetBlobs', 'verifyAudit']),
  );
  for (const name of ['downloadArtifact', 'uploadModel', 'uploadDatasetFiles']) expect(forge).not.toHaveProperty(name);
  const bare = createContext({ ...WEB });
  expect(runInContext('[typeof process, typeof Buffer, typeof require, typeof global]', bare)).toEqual(
    Array.from({ length: 4 }, () => 'undefined'),
  );
});

test('a page logs in, uploads, submits, watches a run to its end and reads what there is, verified', async () => {
  const { connection, refreshes } = await connect();
  const auth = { ...connection, url: world.authUrl };
  expect(await forge.getMe(auth)).toMatchObject({ subject: 'ada', role: 'admin' });
  expect(refreshes()).toBe(1);

  const told: number[] = [];
  const files = [
    { name: 'a book.txt', blob: new Blob(['Some text.\n'.repeat(20_000)]) },
    { name: 'b.txt', blob: new Blob(['Ünïcode\n']) },
  ];
  const onProgress = (sent: number, total: number) => void told.push(sent / total);
  const upload = await forge.uploadDatasetBlobs(connection, files, { onProgress });
  expect(upload.files.map(({ name }) => name).sort()).toEqual(['a_book.txt', 'b.txt']);
  expect(told).toEqual([1]);

  const { files: stored } = await forge.getArtifact(connection, upload.artifactId);
  const file = stored.find(({ name }) => name === 'b.txt')!;
  const read = forge.readArtifactFile(connection, upload.artifactId, file);
  expect(Buffer.from((await read.next()).value as Uint8Array).toString()).toBe('Ünïcode\n');
  expect((await read.next()).done).toBe(true);
  const damaged = forge.readArtifactFile(connection, upload.artifactId, { ...file, digest: '0'.repeat(64) });
  await damaged.next();
  await expect(damaged.next()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });

  const data = [{ name: 'text', artifactId: upload.artifactId }];
  const run = await forge.createRun(connection, { data, phases: [{ phase: 'cognate' }] });
  const seen: string[] = [];
  for await (const { event } of forge.watchRun(connection, run.id)) {
    seen.push(event.name);
    if (seen.length === 1) await forge.cancelRun(connection, run.id, 'seen enough');
  }
  expect(seen).toEqual(['run.requested', 'run.cancelled']);

  expect(await forge.verifyAudit(connection)).toMatchObject({ records: expect.any(Number) });
  expect((await forge.verifyAudit(connection)).fault).toBeUndefined();
  await expect(forge.getRun(connection, 'nothing')).rejects.toMatchObject({ name: 'ForgeError', code: 'NOT_FOUND' });
}, 60_000);
