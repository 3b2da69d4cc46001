import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ForgeError, MAX_ARTIFACT_FILES } from '@agent-forge/contracts';

/** Folders inside an artifact; a Hugging Face folder has none or one. */
const MAX_DEPTH = 4;

/**
 * The names of all files of a folder, relative to it with `/`, sorted as a manifest wants them.
 * @throws ForgeError INVALID_ARGUMENT for links, devices and folders that are too deep or too full
 */
export async function listFolder(dir: string): Promise<string[]> {
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
