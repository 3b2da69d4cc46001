import type { ArtifactKind, ArtifactStore, Lineage, UploadView } from '@agent-forge/contracts';

/** The lineage of what somebody brought. */
export function importLineage(codeVersion: string): Lineage {
  return { parents: [], data: [], phase: 'import', params: {}, seed: null, codeVersion, metrics: {} };
}

/** Stores a checked folder, and tells what was stored. */
export async function storeUpload(
  store: ArtifactStore,
  dir: string,
  kind: ArtifactKind,
  codeVersion: string,
): Promise<UploadView> {
  const { id } = await store.putFolder(dir, 'upload', { kind, lineage: importLineage(codeVersion) });
  return uploadView(store, id);
}

/** What the sender of an upload is told. */
export async function uploadView(store: ArtifactStore, artifactId: string): Promise<UploadView> {
  const { kind, files } = await store.manifest(artifactId);
  return { artifactId, kind, sizeBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0), files };
}
