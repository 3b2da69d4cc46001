import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  ForgeError,
  LINEAGE_FILE,
  readLineage,
  type ArtifactStore,
  type Manifest,
  type ManifestFile,
} from '@agent-forge/contracts';

/** One artifact of a lineage, as it was found. */
export interface VerifiedArtifact {
  readonly id: string;
  readonly kind: string;
  readonly phase: string;
  readonly files: number;
  readonly sizeBytes: number;
  /** Whether its files were hashed, or only its manifest, since they are not here. */
  readonly checked: 'files' | 'manifest';
  /** What is wrong with its files. */
  readonly problems: readonly string[];
}

/**
 * Proves that a folder is the artifact that its lineage says, and that the lineage is whole: every file and every manifest is hashed.
 * @param store that may have the files of its ancestors; those that it does not have are left out
 * @throws ForgeError FILE_NOT_FOUND when the folder has no lineage, DIGEST_MISMATCH when the lineage itself was changed
 */
export async function* verifyFolder(dir: string, store?: ArtifactStore): AsyncGenerator<VerifiedArtifact> {
  const path = join(dir, LINEAGE_FILE);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ForgeError(
      'FILE_NOT_FOUND',
      `${path} cannot be read; folders that forge download or a run made have one`,
      error,
    );
  });
  const [own, ...ancestors] = readLineage(text);
  yield found(own!, 'files', await problemsOf(own![1], (file) => createReadStream(join(dir, file.name))));
  for (const entry of ancestors) {
    const isHere = store !== undefined && (await has(store, entry[0]));
    const problems = isHere ? await problemsOf(entry[1], ({ digest }) => store.readFile(digest)) : [];
    yield found(entry, isHere ? 'files' : 'manifest', problems);
  }
}

function found(
  [id, { kind, files, lineage }]: readonly [string, Manifest],
  checked: VerifiedArtifact['checked'],
  problems: readonly string[],
): VerifiedArtifact {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  return { id, kind, phase: lineage.phase, files: files.length, sizeBytes, checked, problems };
}

async function has(store: ArtifactStore, id: string): Promise<boolean> {
  try {
    await store.manifest(id);
    return true;
  } catch (error) {
    if (error instanceof ForgeError && error.code === 'ARTIFACT_NOT_FOUND') return false;
    throw error;
  }
}

async function problemsOf(
  { files }: Manifest,
  open: (file: ManifestFile) => AsyncIterable<Uint8Array>,
): Promise<string[]> {
  const problems: string[] = [];
  for (const file of files) {
    const problem = await problemOf(file, open(file));
    if (problem !== undefined) problems.push(`${file.name} ${problem}`);
  }
  return problems;
}

async function problemOf(
  { digest, sizeBytes }: ManifestFile,
  source: AsyncIterable<Uint8Array>,
): Promise<string | undefined> {
  const hash = createHash('sha256');
  let length = 0;
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      length += chunk.length;
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is missing' : (error as Error).message;
  }
  if (length !== sizeBytes) return `has ${length} bytes instead of ${sizeBytes}`;
  return hash.digest('hex') === digest ? undefined : 'was changed: its SHA-256 is another';
}
