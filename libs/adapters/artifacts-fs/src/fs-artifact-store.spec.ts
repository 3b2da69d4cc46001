import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FsArtifactStore } from './fs-artifact-store.js';
import { describeArtifactStore } from './testing/describe-artifact-store.js';

let base: string;
beforeEach(async () => void (base = await mkdtemp(join(tmpdir(), 'agent-forge-store-'))));
afterEach(() => rm(base, { recursive: true, force: true }));

describeArtifactStore('in a directory', async () => {
  const store = await FsArtifactStore.open(join(base, 'store'));
  const below = (...parts: string[]) => join(base, 'store', ...parts);
  return {
    store,
    damageFile: (digest) => writeFile(below('files', digest.slice(0, 2), digest), 'something else'),
    damageManifest: (id) => writeFile(below('manifests', id), '{}'),
    countFiles: async () => {
      const folders = await readdir(below('files'));
      return (await Promise.all(folders.map((folder) => readdir(below('files', folder))))).flat().length;
    },
    countLeftovers: async () => (await readdir(below('tmp'))).length,
    close: async () => undefined,
  };
});

describe('the artifact store in a directory', () => {
  test('says so when it cannot be written', async () => {
    const store = await FsArtifactStore.open(join(base, 'store'));
    await store.check();
    await rm(join(base, 'store', 'tmp'), { recursive: true });
    await expect(store.check()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await writeFile(join(base, 'plain'), '');
    await chmod(join(base, 'plain'), 0o600);
    await expect(FsArtifactStore.open(join(base, 'plain'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});
