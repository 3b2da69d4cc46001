import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { ForgeError, isDigest, type ErrorCode } from '@agent-forge/contracts';
import { downloadArtifact } from '@agent-forge/sdk';
import { connectClient, type ClientOptions } from './client.js';
import { DEFAULT_DATA_DIR } from './places.js';

/** There is no system that could be asked, or none that lets us in. */
const NOBODY: readonly ErrorCode[] = ['UNAUTHENTICATED', 'BROKER_UNAVAILABLE', 'AUTH_UNAVAILABLE'];

/**
 * Works with a model that is named as people name it: a folder, or the id of an artifact, which is taken from the store of the data directory, and where
 * that has none downloaded from the running system.
 * @throws ForgeError ARTIFACT_NOT_FOUND, and what the download and the work throw
 */
export async function withModelFolder<T>(
  model: string,
  client: ClientOptions,
  work: (dir: string) => Promise<T>,
): Promise<T> {
  if (!isDigest(model)) return work(resolve(model));
  const scratch = await mkdtemp(join(tmpdir(), 'forge-model-'));
  const dir = join(scratch, 'model');
  try {
    if (!(await takeFromStore(model, client, dir))) await download(model, client, dir);
    return await work(dir);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function download(id: string, client: ClientOptions, dir: string): Promise<void> {
  try {
    await downloadArtifact(await connectClient(client), id, dir);
  } catch (error) {
    if (!(error instanceof ForgeError) || !NOBODY.includes(error.code)) throw error;
    const { dataDir = DEFAULT_DATA_DIR } = client;
    throw new ForgeError(
      'ARTIFACT_NOT_FOUND',
      `there is no artifact ${id} in the store of ${dataDir}, and no system to ask: ${error.message}`,
      error,
    );
  }
}

/** @returns whether a store is here that has it */
async function takeFromStore(id: string, { dataDir = DEFAULT_DATA_DIR }: ClientOptions, dir: string): Promise<boolean> {
  const root = join(dataDir, 'artifacts');
  // Opening one would make it.
  const isThere = await stat(root).catch(() => undefined);
  if (isThere === undefined) return false;
  try {
    await (await FsArtifactStore.open(root)).materialise(id, dir);
    return true;
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'ARTIFACT_NOT_FOUND') return false;
    throw error;
  }
}
