import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  ForgeError,
  MAX_ARTIFACT_FILES,
  type ArtifactHead,
  type ArtifactName,
  type ArtifactStore,
  type ManifestFile,
} from '@agent-forge/contracts';
import { attempt, READ_BYTES } from './disk.js';

/** Folders inside an artifact; a Hugging Face folder has none or one. */
const MAX_DEPTH = 4;

/** Puts every file of a folder into a store, and a manifest of them: `putFolder` of every store. */
export async function putFolder(
  store: Pick<ArtifactStore, 'putFile' | 'putManifest'>,
  dir: string,
  role: string,
  { kind, lineage }: ArtifactHead,
): Promise<ArtifactName> {
  const files: ManifestFile[] = [];
  for (const name of await attempt(`read ${dir}`, () => listFolder(dir))) {
    files.push({ name, ...(await store.putFile(createReadStream(join(dir, name), { highWaterMark: READ_BYTES }))) });
  }
  return { id: await store.putManifest({ version: 1, kind, files, lineage }), kind, role };
}

/** Writes the files of an artifact into a new folder, which appears only when it is complete: `materialise` of every store. */
export async function materialise(
  store: Pick<ArtifactStore, 'manifest' | 'readFile'>,
  id: string,
  dir: string,
): Promise<void> {
  const { files } = await store.manifest(id);
  await attempt(`write artifact ${id} to ${dir}`, () =>
    writeFolder(dir, async (temporary) => {
      for (const { name, digest } of files) {
        await mkdir(dirname(join(temporary, name)), { recursive: true });
        await pipeline(store.readFile(digest), createWriteStream(join(temporary, name)));
      }
    }),
  );
}

/**
 * Makes a new folder out of what `fill` writes into a temporary one beside it; when that fails nothing is left.
 * @throws ForgeError FILE_EXISTS, and what `fill` throws
 */
export async function writeFolder(dir: string, fill: (temporary: string) => Promise<void>): Promise<void> {
  const target = resolve(dir);
  const isThere = await access(target).then(
    () => true,
    () => false,
  );
  if (isThere) throw new ForgeError('FILE_EXISTS', `${target} exists already; nothing was written`);
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/**
 * The names of all files of a folder, relative to it with `/`, sorted as a manifest wants them.
 * @throws ForgeError INVALID_ARGUMENT for links, devices and folders that are too deep or too full
 */
async function listFolder(dir: string): Promise<string[]> {
  const names: string[] = [];
  await walk('', 1);
  return names.sort();

  async function walk(prefix: string, depth: number): Promise<void> {
    for (const entry of await readdir(join(dir, prefix))) {
      const name = prefix ? `${prefix}/${entry}` : entry;
      const info = await lstat(join(dir, name));
      if (info.isDirectory() && depth < MAX_DEPTH) await walk(name, depth + 1);
      else if (info.isFile()) names.push(name);
      else throw refuse(`${name} is ${info.isDirectory() ? `deeper than ${MAX_DEPTH} folders` : 'no regular file'}`);
      if (names.length > MAX_ARTIFACT_FILES) throw refuse(`it has over ${MAX_ARTIFACT_FILES} files`);
    }
  }

  function refuse(problem: string): ForgeError {
    return new ForgeError('INVALID_ARGUMENT', `the folder ${dir} cannot be an artifact: ${problem}`);
  }
}
