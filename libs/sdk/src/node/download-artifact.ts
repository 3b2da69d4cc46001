import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { collectLineage, encodeManifest, ForgeError, LINEAGE_FILE, type Manifest } from '@agent-forge/contracts';
import { writeFolder } from '@agent-forge/artifacts-fs';
import type { Connection } from '../http/connection.js';
import { getArtifact } from '../verbs/get-artifact.js';
import { readArtifactFile } from '../verbs/read-artifact-file.js';

/**
 * Downloads an artifact into a new folder, which appears only when all of it is there and verified. Beside its files stands its lineage.
 * @returns its manifest
 * @throws ForgeError FILE_EXISTS, ARTIFACT_NOT_FOUND, DIGEST_MISMATCH, and those of every request
 */
export async function downloadArtifact(
  connection: Connection,
  id: string,
  dir: string,
  signal?: AbortSignal,
): Promise<Manifest> {
  const manifest = await getArtifact(connection, id);
  // Names become paths here: only those of a manifest that is the one asked for.
  if (encodeManifest(manifest).id !== id)
    throw new ForgeError('DIGEST_MISMATCH', `the manifest of artifact ${id} did not arrive as it was stored`);
  try {
    await writeFolder(dir, async (temporary) => {
      for (const file of manifest.files) {
        await mkdir(dirname(join(temporary, file.name)), { recursive: true });
        await pipeline(readArtifactFile(connection, id, file, signal), createWriteStream(join(temporary, file.name)));
      }
      const lineage = await collectLineage(id, (ancestor) => getArtifact(connection, ancestor));
      await writeFile(join(temporary, LINEAGE_FILE), `${JSON.stringify(lineage)}\n`, { flag: 'wx' });
    });
  } catch (error) {
    if (error instanceof ForgeError) throw error;
    throw new ForgeError('STORE_UNAVAILABLE', `${dir} cannot be written: ${(error as Error).message}`, error);
  }
  return manifest;
}
