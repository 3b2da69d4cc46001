import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { isDigest } from '@agent-forge/contracts';

/**
 * Works with a model that is named as people name it: a folder, or the id of an artifact in the store of a data directory.
 * @throws ForgeError ARTIFACT_NOT_FOUND, and what the work throws
 */
export async function withModelFolder<T>(
  model: string,
  dataDir: string,
  work: (dir: string) => Promise<T>,
): Promise<T> {
  if (!isDigest(model)) return work(resolve(model));
  const scratch = await mkdtemp(join(tmpdir(), 'forge-model-'));
  try {
    const store = await FsArtifactStore.open(join(dataDir, 'artifacts'));
    await store.materialise(model, join(scratch, 'model'));
    return await work(join(scratch, 'model'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
