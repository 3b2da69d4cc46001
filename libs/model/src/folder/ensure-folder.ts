import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../safetensors/file-access.js';

/**
 * Makes a folder and those above it that are missing, one by one: `mkdir` with `recursive` never ends below folders that refuse
 * new entries with ENOENT, as /proc does.
 * @throws ForgeError `STORE_UNAVAILABLE` and the like, naming the folder that could not be made
 */
export async function ensureFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await ensureFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else may have made it in the meantime.
    if (!(await isFolder(path))) throw fileError(path, error);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
