import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Lineage } from '@agent-forge/contracts';
import { FsArtifactStore } from './fs-artifact-store.js';

let base: string;
let store: FsArtifactStore;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'agent-forge-store-'));
  store = await FsArtifactStore.open(join(base, 'store'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const lineage: Lineage = {
  parents: [],
  data: [],
  phase: 'import',
  params: { b: [1, 2], a: 'x' },
  seed: 7,
  codeVersion: 'test',
  metrics: { loss: 0.5 },
};

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function folder(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(join(base, 'folder-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(dir, name, '..'), { recursive: true });
    await writeFile(join(dir, name), text);
  }
  return dir;
}

async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString();
}

const temporaries = () => readdir(join(base, 'store', 'tmp'));

describe('files', () => {
  test('are named by their content and read back, whole or in part', async () => {
    const { digest, sizeBytes } = await store.putFile(chunks('a', '', 'bc'));
    // SHA-256 of "abc", FIPS 180-4 example.
    expect(digest).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sizeBytes).toBe(3);
    expect(await textOf(store.readFile(digest))).toBe('abc');
    expect(await textOf(store.readFile(digest, { start: 1, end: 2 }))).toBe('b');
    expect(await textOf(store.readFile(digest, { start: 1, end: 1 }))).toBe('');
    expect(await store.putFile(chunks('abc'))).toEqual({ digest, sizeBytes });
  });

  test('that are too long or whose source fails leave nothing behind', async () => {
    await expect(store.putFile(chunks('abc', 'd'), 3)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('abc');
      throw new Error('the line went dead');
    }
    await expect(store.putFile(broken())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await temporaries()).toEqual([]);
    expect(await readdir(join(base, 'store', 'files'))).toEqual([]);
  });

  test('that were damaged on disk are noticed by whoever reads them, and healed by whoever stores them again', async () => {
    const { digest } = await store.putFile(chunks('abc'));
    const path = join(base, 'store', 'files', 'ba', digest);
    await writeFile(path, 'abd');
    await expect(textOf(store.readFile(digest))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await store.putFile(chunks('abc'));
    expect(await textOf(store.readFile(digest))).toBe('abc');
  });

  test.each(['', 'abc', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/..`])(
    'are not found by a name like %j',
    async (name) => {
      await expect(textOf(store.readFile(name))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
      await expect(store.manifest(name)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    },
  );
});

describe('artifacts', () => {
  test('come out as they went in; equal content and lineage have the same id in every store', async () => {
    const files = { 'config.json': '{}', 'model.safetensors': 'weights', 'shards/one.safetensors': '1' };
    const name = await store.putFolder(await folder(files), 'trunk', { kind: 'model', lineage });
    expect(name).toMatchObject({ kind: 'model', role: 'trunk' });
    const target = join(base, 'out');
    await store.materialise(name.id, target);
    for (const [file, text] of Object.entries(files)) expect(await readFile(join(target, file), 'utf8')).toBe(text);

    const other = await FsArtifactStore.open(join(base, 'other'));
    const reordered = { ...lineage, params: { a: 'x', b: [1, 2] } };
    const again = await other.putFolder(await folder(files), 'seed', { kind: 'model', lineage: reordered });
    expect(again.id).toBe(name.id);
    const changed = await other.putFolder(await folder(files), 'seed', {
      kind: 'model',
      lineage: { ...lineage, seed: 8 },
    });
    expect(changed.id).not.toBe(name.id);
  });

  test('are listed and describe themselves', async () => {
    const ids = [];
    for (const text of ['a', 'b', 'c']) {
      ids.push(
        (await store.putFolder(await folder({ 'report.json': text }), 'report', { kind: 'report', lineage })).id,
      );
    }
    const listed = [];
    for await (const id of store.list()) listed.push(id);
    expect(listed).toEqual(ids.sort());
    expect(await store.manifest(ids[0]!)).toMatchObject({
      kind: 'report',
      lineage,
      files: [{ name: 'report.json', sizeBytes: 1 }],
    });
  });

  test('are not written over anything, and a damaged one is not written at all', async () => {
    const { id } = await store.putFolder(await folder({ a: 'abc', b: 'abc2' }), 'x', { kind: 'dataset', lineage });
    await mkdir(join(base, 'taken'));
    await expect(store.materialise(id, join(base, 'taken'))).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    const { digest } = (await store.manifest(id)).files[1]!;
    await writeFile(join(base, 'store', 'files', digest.slice(0, 2), digest), 'abd2');
    await expect(store.materialise(id, join(base, 'out'))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect((await readdir(base)).filter((name) => name.startsWith('out'))).toEqual([]);
    await writeFile(join(base, 'store', 'manifests', id), '{}');
    await expect(store.manifest(id)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  test.each<[string, (dir: string) => Promise<unknown>, RegExp]>([
    ['a link', (dir) => symlink('/etc/passwd', join(dir, 'link')), /link is no regular file/],
    ['a hidden file', (dir) => writeFile(join(dir, '.env'), 'secret'), /files\/1\/name|files\/0\/name/],
    ['a deep folder', (dir) => mkdir(join(dir, 'a/b/c/d/e'), { recursive: true }), /deeper than/],
  ])('cannot hold %s', async (_, plant, message) => {
    const dir = await folder({ 'config.json': '{}' });
    await plant(dir);
    const stored = store.putFolder(dir, 'x', { kind: 'model', lineage });
    await expect(stored).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
    expect((await readdir(join(base, 'store', 'manifests'))).length).toBe(0);
  });

  test('cannot be empty, nor name files that the store does not have', async () => {
    await expect(store.putFolder(await folder({}), 'x', { kind: 'model', lineage })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const files = [{ name: 'a', digest: 'a'.repeat(64), sizeBytes: 1 }];
    const manifest = { version: 1 as const, kind: 'model' as const, files, lineage };
    await expect(store.putManifest(manifest)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });
});

test('a store that cannot be written says so', async () => {
  await store.check();
  await rm(join(base, 'store', 'tmp'), { recursive: true });
  await expect(store.check()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await writeFile(join(base, 'plain'), '');
  await chmod(join(base, 'plain'), 0o600);
  await expect(FsArtifactStore.open(join(base, 'plain'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});
