import { randomUUID } from 'node:crypto';
import { link, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, isDigest, type CollectOptions, type Garbage, type Manifest } from '@agent-forge/contracts';
import { isMissing } from './disk.js';

/** What {@link collect} asks the store for. */
export interface Collected {
  /** Folder of the store. */
  readonly root: string;
  manifest(id: string): Promise<Manifest>;
}

/**
 * Garbage collection of a directory. The age of an entry is the time since it was put or renewed last.
 * Manifests go first, then the files that no manifest names which is still there: an interrupted collection leaves files over, never an artifact
 * without its files.
 * @throws ForgeError DIGEST_MISMATCH, before anything is removed, for a damaged manifest that is to stay: nobody knows which files it names
 */
export async function collect({ root, manifest }: Collected, options: CollectOptions): Promise<Garbage> {
  const { isReachable, beforeMs, isDryRun = false } = options;
  const take = (path: string) => takeOld(path, join(root, 'tmp'), beforeMs, isDryRun);
  const named = new Set<string>();
  const keep = async (id: string) => {
    for (const { digest } of (await manifest(id)).files) named.add(digest);
  };
  const doomed: string[] = [];
  for (const id of (await readdir(join(root, 'manifests'))).filter(isDigest).sort()) {
    const mtimeMs = (await statOrNone(join(root, 'manifests', id)))?.mtimeMs ?? 0;
    if (isReachable(id) || mtimeMs >= beforeMs) await keep(id);
    else doomed.push(id);
  }
  const garbage = { artifacts: [] as string[], files: 0, sizeBytes: 0 };
  for (const id of doomed) {
    const freed = await take(join(root, 'manifests', id));
    if (freed === undefined) await keepIfThere(id, keep);
    else garbage.artifacts.push(id);
    garbage.sizeBytes += freed ?? 0;
  }
  for (const path of await unnamedFiles(root, named)) {
    const freed = await take(path);
    garbage.files += freed === undefined ? 0 : 1;
    garbage.sizeBytes += freed ?? 0;
  }
  return garbage;
}

/** An artifact that was renewed at this very moment; or another collector was faster. */
async function keepIfThere(id: string, keep: (id: string) => Promise<void>): Promise<void> {
  try {
    await keep(id);
  } catch (error) {
    if (ForgeError.from(error).code !== 'ARTIFACT_NOT_FOUND') throw error;
  }
}

/** Paths of the files that nobody names, and of what writers have in hand or left behind. */
async function unnamedFiles(root: string, named: ReadonlySet<string>): Promise<string[]> {
  const paths = (await readdir(join(root, 'tmp'))).map((name) => join(root, 'tmp', name));
  for (const folder of await readdir(join(root, 'files'))) {
    for (const name of await readdir(join(root, 'files', folder)))
      if (!named.has(name)) paths.push(join(root, 'files', folder, name));
  }
  return paths;
}

/**
 * Removes a file if it is old.
 * @returns its size; undefined when it stays
 */
async function takeOld(path: string, tmp: string, beforeMs: number, isDryRun: boolean): Promise<number | undefined> {
  const isOld = ({ mtimeMs }: { mtimeMs: number }) => mtimeMs < beforeMs;
  const before = await statOrNone(path);
  if (before === undefined || !isOld(before)) return undefined;
  if (isDryRun) return before.size;
  // Taken aside and looked at again: what somebody put or renewed at this very moment goes back.
  const aside = join(tmp, randomUUID());
  try {
    await rename(path, aside);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const taken = await stat(aside);
  if (!isOld(taken)) {
    await putBack(aside, path);
    return undefined;
  }
  await rm(aside, { force: true });
  return taken.size;
}

/** Under its name again, unless somebody has put the same content there in the meantime. */
async function putBack(aside: string, path: string): Promise<void> {
  await link(aside, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(aside, { force: true });
}

async function statOrNone(path: string): Promise<{ mtimeMs: number; size: number } | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Makes a file as young as one that was just written. */
export async function renewFile(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now);
}
