import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ArtifactStore, Lineage } from '@agent-forge/contracts';
import { describeCollecting } from './describe-collecting.js';

/** A store of a test, and what only a test may do to it. */
export interface StoreUnderTest {
  readonly store: ArtifactStore;
  /** Alters the stored bytes of a file behind the store's back. */
  damageFile(digest: string): Promise<void>;
  /** Alters a stored manifest behind the store's back. */
  damageManifest(id: string): Promise<void>;
  /** Files that can be read by a digest. */
  countFiles(): Promise<number>;
  /** Pieces of files that are not, or not yet, in the store. */
  countLeftovers(): Promise<number>;
  close(): Promise<void>;
}

/** Makes an empty store of its own for each test. */
export type MakeStore = () => Promise<StoreUnderTest>;

/** A lineage for tests. */
export const LINEAGE: Lineage = {
  parents: [],
  data: [],
  phase: 'import',
  params: { b: [1, 2], a: 'x' },
  seed: 7,
  codeVersion: 'test',
  metrics: { loss: 0.5 },
};

/** A stream of these parts. */
export async function* chunks(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part as string);
}

/** All of a stream, as a text. */
export async function textOf(source: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts).toString();
}

const MIB = 1024 * 1024;

/** What every artifact store has to do; each store's own spec calls it. */
export function describeArtifactStore(name: string, makeStore: MakeStore): void {
  describe(`the artifact store ${name}`, () => {
    describeFiles(makeStore);
    describeStreaming(makeStore);
    describeArtifacts(makeStore);
    describeCollecting(makeStore);
  });
}

/** Opens a store before each test and closes it after it. */
export function eachWith(makeStore: MakeStore): { readonly made: StoreUnderTest; readonly store: ArtifactStore } {
  let made: StoreUnderTest;
  beforeEach(async () => void (made = await makeStore()));
  afterEach(() => made.close());
  return {
    get made() {
      return made;
    },
    get store() {
      return made.store;
    },
  };
}

function describeFiles(makeStore: MakeStore): void {
  describe('keeps files that', () => {
    const it = eachWith(makeStore);

    test('are named by their content and read back, whole or in part', async () => {
      const { digest, sizeBytes } = await it.store.putFile(chunks('a', '', 'bc'));
      // SHA-256 of "abc", FIPS 180-4 example.
      expect(digest).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
      expect(sizeBytes).toBe(3);
      expect(await textOf(it.store.readFile(digest))).toBe('abc');
      expect(await textOf(it.store.readFile(digest, { start: 1, end: 2 }))).toBe('b');
      expect(await textOf(it.store.readFile(digest, { start: 0, end: 3 }))).toBe('abc');
      expect(await textOf(it.store.readFile(digest, { start: 1, end: 1 }))).toBe('');
    });

    test('are empty', async () => {
      const { digest, sizeBytes } = await it.store.putFile([]);
      expect([digest, sizeBytes]).toEqual([createHash('sha256').digest('hex'), 0]);
      expect(await textOf(it.store.readFile(digest))).toBe('');
    });

    test('are put twice, one after the other or at the same moment, once', async () => {
      const first = await it.store.putFile(chunks('abc'));
      expect(await it.store.putFile(chunks('ab', 'c'))).toEqual(first);
      const same = await Promise.all(Array.from({ length: 8 }, () => it.store.putFile(chunks('another', ' one'))));
      expect(new Set(same.map(({ digest }) => digest)).size).toBe(1);
      expect(await textOf(it.store.readFile(same[0]!.digest))).toBe('another one');
      expect([await it.made.countFiles(), await it.made.countLeftovers()]).toEqual([2, 0]);
    });

    test('are within the limit that the caller set, and leaves nothing of others', async () => {
      await expect(it.store.putFile(chunks('abc', 'd'), 3)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
      expect([await it.made.countFiles(), await it.made.countLeftovers()]).toEqual([0, 0]);
      expect((await it.store.putFile(chunks('abc'), 3)).sizeBytes).toBe(3);
    });

    test('came to their end, and leaves nothing of those whose source failed', async () => {
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield randomBytes(3 * MIB);
        throw new Error('the line went dead');
      }
      await expect(it.store.putFile(broken())).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect([await it.made.countFiles(), await it.made.countLeftovers()]).toEqual([0, 0]);
    });

    test('were damaged at rest until whoever reads them notices, and whoever puts them again heals them', async () => {
      const { digest } = await it.store.putFile(chunks('abc'));
      await it.made.damageFile(digest);
      await expect(textOf(it.store.readFile(digest))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await it.store.putFile(chunks('abc'));
      expect(await textOf(it.store.readFile(digest))).toBe('abc');
      expect([await it.made.countFiles(), await it.made.countLeftovers()]).toEqual([1, 0]);
    });

    test.each(['', 'abc', '../../etc/passwd', 'A'.repeat(64), `${'a'.repeat(64)}/..`, 'f'.repeat(64), '*', '>'])(
      'are not named %j',
      async (name) => {
        await expect(textOf(it.store.readFile(name))).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
        await expect(textOf(it.store.readFile(name, { start: 0, end: 1 }))).rejects.toMatchObject({
          code: 'ARTIFACT_NOT_FOUND',
        });
        await expect(it.store.manifest(name)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
        await expect(it.store.renew(name)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
      },
    );
  });
}

function describeStreaming(makeStore: MakeStore): void {
  describe('streams', () => {
    const it = eachWith(makeStore);

    test('100 MB in and out, of which it holds a small part at a time', async () => {
      const block = randomBytes(MIB);
      const count = 100;
      let peak = 0;
      const before = process.memoryUsage().rss;
      const look = () => (peak = Math.max(peak, process.memoryUsage().rss - before));
      const { digest, sizeBytes } = await it.store.putFile(
        (async function* () {
          for (let i = 0; i < count; i++) {
            look();
            block.writeUint32LE(i);
            // A copy: a store may still have the last one in hand.
            yield Buffer.from(block);
          }
        })(),
      );
      expect(sizeBytes).toBe(count * MIB);
      let read = 0;
      for await (const part of it.store.readFile(digest)) {
        read += part.length;
        // A slow reader: what is not taken must not pile up.
        if (read % (10 * MIB) < part.length) await new Promise((resolve) => setTimeout(resolve, 20));
        look();
      }
      expect(read).toBe(sizeBytes);
      expect(peak).toBeLessThan(0.6 * sizeBytes);
    });

    test('any part of a large file, across the borders of its pieces', async () => {
      const bytes = randomBytes(5 * MIB + 123);
      const [{ digest }] = await Promise.all([
        it.store.putFile(chunks(bytes)),
        it.store.putFile(chunks(randomBytes(3 * MIB), randomBytes(2 * MIB))),
      ]);
      const ranges: [number, number][] = [
        [0, 1],
        [1_023_999, 1_024_001],
        [MIB - 1, 3 * MIB + 1],
        [4 * MIB, 5 * MIB + 123],
        [5 * MIB + 122, 5 * MIB + 123],
        [0, bytes.length],
      ];
      for (const [start, end] of ranges) {
        const parts: Uint8Array[] = [];
        for await (const part of it.store.readFile(digest, { start, end })) parts.push(part);
        expect(Buffer.concat(parts).equals(bytes.subarray(start, end))).toBe(true);
      }
    });

    test('a file to a reader that goes away early', async () => {
      const { digest } = await it.store.putFile(chunks(randomBytes(20 * MIB)));
      for await (const part of it.store.readFile(digest)) {
        expect(part.length).toBeGreaterThan(0);
        break;
      }
      await it.store.check();
    });
  });
}

function describeArtifacts(makeStore: MakeStore): void {
  describe('keeps artifacts that', () => {
    const it = eachWith(makeStore);
    let base: string;
    beforeEach(async () => void (base = await mkdtemp(join(tmpdir(), 'agent-forge-artifacts-'))));
    afterEach(() => rm(base, { recursive: true, force: true }));

    const folder = async (files: Record<string, string>): Promise<string> => {
      const dir = await mkdtemp(join(base, 'folder-'));
      for (const [name, text] of Object.entries(files)) {
        await mkdir(join(dir, name, '..'), { recursive: true });
        await writeFile(join(dir, name), text);
      }
      return dir;
    };
    const head = { kind: 'model', lineage: LINEAGE } as const;

    test('come out as they went in; equal content and lineage have the same id in every store', async () => {
      const files = { 'config.json': '{}', 'model.safetensors': 'weights', 'shards/one.safetensors': '1' };
      const name = await it.store.putFolder(await folder(files), 'trunk', head);
      expect(name).toEqual({
        // SHA-256 of the manifest with sorted keys, made with Python.
        id: 'f0c680f869f6b3d3cea341d468ae8b1ba25d236db503aab5564a7afc9358c9bf',
        kind: 'model',
        role: 'trunk',
      });
      await it.store.materialise(name.id, join(base, 'out'));
      for (const [file, text] of Object.entries(files))
        expect(await readFile(join(base, 'out', file), 'utf8')).toBe(text);
      const lineage = { ...LINEAGE, params: { a: 'x', b: [1, 2] } };
      const again = await it.store.putFolder(await folder(files), 'seed', { kind: 'model', lineage });
      expect(again.id).toBe(name.id);
      const changed = { kind: 'model', lineage: { ...LINEAGE, seed: 8 } } as const;
      expect((await it.store.putFolder(await folder(files), 'seed', changed)).id).not.toBe(name.id);
    });

    test('are listed in order and describe themselves', async () => {
      const ids = [];
      for (const text of ['a', 'b', 'c', 'd']) {
        const report = { kind: 'report', lineage: LINEAGE } as const;
        ids.push((await it.store.putFolder(await folder({ 'report.json': text }), 'report', report)).id);
      }
      const listed = [];
      for await (const id of it.store.list()) listed.push(id);
      expect(listed).toEqual(ids.sort());
      const files = [{ name: 'report.json', sizeBytes: 1 }];
      expect(await it.store.manifest(ids[0]!)).toMatchObject({ kind: 'report', lineage: LINEAGE, files });
    });

    test('are not written over anything, and not at all when they are damaged', async () => {
      const { id } = await it.store.putFolder(await folder({ a: 'abc', b: 'abc2' }), 'x', head);
      await mkdir(join(base, 'taken'));
      await expect(it.store.materialise(id, join(base, 'taken'))).rejects.toMatchObject({ code: 'FILE_EXISTS' });
      await it.made.damageFile((await it.store.manifest(id)).files[1]!.digest);
      await expect(it.store.materialise(id, join(base, 'out'))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect((await readdir(base)).filter((name) => name.startsWith('out'))).toEqual([]);
      await it.made.damageManifest(id);
      await expect(it.store.manifest(id)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    });

    test.each<[string, (dir: string) => Promise<unknown>, RegExp]>([
      ['link', (dir) => symlink('/etc/passwd', join(dir, 'link')), /link is no regular file/],
      ['hidden file', (dir) => writeFile(join(dir, '.env'), 'secret'), /files\/1\/name|files\/0\/name/],
      ['deep folder', (dir) => mkdir(join(dir, 'a/b/c/d/e'), { recursive: true }), /deeper than/],
    ])('hold no %s', async (_, plant, message) => {
      const dir = await folder({ 'config.json': '{}' });
      await plant(dir);
      const stored = it.store.putFolder(dir, 'x', head);
      await expect(stored).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(message) });
      for await (const id of it.store.list()) expect(id).toBeUndefined();
    });

    test('are not empty, and name no files that the store does not have', async () => {
      const empty = it.store.putFolder(await folder({}), 'x', head);
      await expect(empty).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      const files = [{ name: 'a', digest: 'a'.repeat(64), sizeBytes: 1 }];
      const manifest = { version: 1 as const, kind: 'model' as const, files, lineage: LINEAGE };
      await expect(it.store.putManifest(manifest)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    });
  });
}
