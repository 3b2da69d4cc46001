import { describe, expect, test } from '@jest/globals';
import type { ArtifactStore, CollectOptions } from '@agent-forge/contracts';
import { chunks, eachWith, LINEAGE, textOf, type MakeStore } from './describe-artifact-store.js';

/** A moment at which everything there is is old. */
const later = () => Date.now() + 60_000;
/** A moment at which nothing was there. */
const LONG_AGO = 1_000;

/** Stores an artifact with one file for each text. */
async function put(store: ArtifactStore, ...texts: string[]): Promise<string> {
  const files = [];
  for (const [i, text] of texts.entries()) files.push({ name: `f${i}`, ...(await store.putFile(chunks(text))) });
  return store.putManifest({ version: 1, kind: 'report', files, lineage: LINEAGE });
}

const only = (...ids: string[]): CollectOptions => ({ isReachable: (id) => ids.includes(id), beforeMs: later() });

/** What garbage collection has to do in every store. */
export function describeCollecting(makeStore: MakeStore): void {
  describe('collects garbage:', () => {
    const it = eachWith(makeStore);

    test('what no run needs goes, with the files that nothing else names; the rest can be read as before', async () => {
      const kept = await put(it.store, 'shared', 'own of kept');
      const gone = await put(it.store, 'shared', 'own of gone');
      const garbage = await it.store.collect(only(kept));
      expect(garbage).toMatchObject({ artifacts: [gone], files: 1 });
      expect(garbage.sizeBytes).toBeGreaterThanOrEqual('own of gone'.length);
      for (const { digest } of (await it.store.manifest(kept)).files) await textOf(it.store.readFile(digest));
      await expect(it.store.manifest(gone)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
      expect([await it.made.countFiles(), await it.made.countLeftovers()]).toEqual([2, 0]);
      expect(await it.store.collect(only(kept))).toEqual({ artifacts: [], files: 0, sizeBytes: 0 });
    });

    test('a dry run tells the same and removes nothing', async () => {
      const kept = await put(it.store, 'a');
      const gone = await put(it.store, 'b');
      const would = await it.store.collect({ ...only(kept), isDryRun: true });
      expect(would).toMatchObject({ artifacts: [gone], files: 1 });
      expect(await it.made.countFiles()).toBe(2);
      expect(await it.store.collect(only(kept))).toEqual(would);
    });

    test('what is young stays, artifacts and files that no artifact names yet', async () => {
      const young = await put(it.store, 'a');
      const { digest } = await it.store.putFile(chunks('not yet named'));
      const nothing = { artifacts: [], files: 0, sizeBytes: 0 };
      expect(await it.store.collect({ isReachable: () => false, beforeMs: LONG_AGO })).toEqual(nothing);
      expect((await it.store.manifest(young)).files).toHaveLength(1);
      expect(await textOf(it.store.readFile(digest))).toBe('not yet named');
    });

    test('what was renewed, or put again, is young', async () => {
      const [renewed, again, old] = [await put(it.store, 'a', 'x'), await put(it.store, 'b'), await put(it.store, 'c')];
      const { digest } = await it.store.putFile(chunks('alone'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const beforeMs = Date.now();
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect((await it.store.renew(renewed)).files).toHaveLength(2);
      await put(it.store, 'b');
      await it.store.putFile(chunks('alone'));
      const garbage = await it.store.collect({ isReachable: () => false, beforeMs });
      expect(garbage).toMatchObject({ artifacts: [old], files: 1 });
      for (const id of [renewed, again])
        for (const file of (await it.store.manifest(id)).files) await textOf(it.store.readFile(file.digest));
      expect(await textOf(it.store.readFile(digest))).toBe('alone');
    });

    test('a damaged artifact that a run needs stops it before anything is removed', async () => {
      const kept = await put(it.store, 'a');
      await put(it.store, 'b');
      await it.made.damageManifest(kept);
      await expect(it.store.collect(only(kept))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      expect(await it.made.countFiles()).toBe(2);
    });

    test('while others put the same, what they were told is kept is kept', async () => {
      const texts = Array.from({ length: 12 }, (_, i) => `text ${i}`);
      for (const text of texts) await put(it.store, text);
      const beforeMs = Date.now() + 1;
      await new Promise((resolve) => setTimeout(resolve, 20));
      const collecting = it.store.collect({ isReachable: () => false, beforeMs });
      const ids = await Promise.all(texts.map((text) => put(it.store, text).catch(() => undefined)));
      await collecting;
      // A put may be refused when it meets the collector; one that was not holds.
      for (const id of ids.filter((each) => each !== undefined))
        for (const { digest } of (await it.store.manifest(id)).files) await textOf(it.store.readFile(digest));
      expect(ids.some((id) => id !== undefined)).toBe(true);
    });
  });
}
