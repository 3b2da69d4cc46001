import { ForgeError, type ArtifactStore, type Manifest } from '@agent-forge/contracts';

/** A lineage is short; this ends the walk where somebody made one that is not. */
const MAX_VISITED = 1_000;

/**
 * The last floating-point model that an artifact was made from: the nearest ancestor whose configuration has no quantisation mark.
 * @returns its id; undefined where there is none, or none of those that are still in the store
 */
export async function floatAncestor(artifacts: ArtifactStore, id: string): Promise<string | undefined> {
  const seen = new Set([id]);
  const queue = [...(await artifacts.manifest(id)).lineage.parents];
  while (queue.length > 0 && seen.size < MAX_VISITED) {
    const next = queue.shift()!;
    if (seen.has(next)) continue;
    seen.add(next);
    const manifest = await manifestIfAny(artifacts, next);
    if (manifest === undefined) continue;
    if (manifest.kind === 'model' && !(await isQuantised(artifacts, manifest))) return next;
    queue.push(...manifest.lineage.parents);
  }
  return undefined;
}

async function manifestIfAny(artifacts: ArtifactStore, id: string): Promise<Manifest | undefined> {
  try {
    return await artifacts.manifest(id);
  } catch (error) {
    if (ForgeError.from(error).code === 'ARTIFACT_NOT_FOUND') return undefined;
    throw error;
  }
}

async function isQuantised(artifacts: ArtifactStore, { files }: Manifest): Promise<boolean> {
  const file = files.find(({ name }) => name === 'config.json');
  if (file === undefined) return false;
  const chunks: Uint8Array[] = [];
  for await (const chunk of artifacts.readFile(file.digest)) chunks.push(chunk);
  const config = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Record<string, unknown>;
  return config['quantization_config'] !== undefined && config['quantization_config'] !== null;
}
