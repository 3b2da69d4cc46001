import type { ArtifactKind, Lineage, Manifest } from './artifacts.js';
import type { ArtifactRef } from './generated/v1/events_pb.js';

/** An artifact as an event or a recipe names it. */
export type ArtifactName = Pick<ArtifactRef, 'id' | 'kind' | 'role'>;

/** A stored file. */
export interface StoredFile {
  /** SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** What {@link ArtifactStore.putFolder} is told about the folder. */
export interface ArtifactHead {
  readonly kind: ArtifactKind;
  readonly lineage: Lineage;
}

/**
 * The port of every artifact store. Files and manifests are content-addressed and never change; what has been put is on disk when the
 * promise resolves. Putting the same bytes again is harmless.
 *
 * Errors of every method: STORE_UNAVAILABLE (transient), ARTIFACT_NOT_FOUND and DIGEST_MISMATCH (permanent).
 */
export interface ArtifactStore {
  /**
   * Stores a file from a stream, with back-pressure.
   * @param maxBytes refuses longer input with PAYLOAD_TOO_LARGE, before it is kept
   */
  putFile(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, maxBytes?: number): Promise<StoredFile>;

  /** Stores a manifest whose files are all in the store, and gives the artifact's id. @throws ForgeError ARTIFACT_NOT_FOUND when a file is not */
  putManifest(manifest: Manifest): Promise<string>;

  /** Stores every file of a folder (no links, nothing hidden) and a manifest of them. @throws ForgeError INVALID_ARGUMENT for what cannot be in one */
  putFolder(dir: string, role: string, head: ArtifactHead): Promise<ArtifactName>;

  /** The verified manifest of an artifact. */
  manifest(id: string): Promise<Manifest>;

  /** The ids of all artifacts, in order. */
  list(): AsyncIterable<string>;

  /**
   * The bytes of a stored file. A whole file is verified while it is read: the stream fails with DIGEST_MISMATCH before it ends. A part
   * (`start` to `end`, end excluded) cannot be.
   */
  readFile(digest: string, range?: { start: number; end: number }): AsyncIterable<Uint8Array>;

  /** Writes the verified files of an artifact into a new folder `dir`; the folder appears only when it is complete. @throws ForgeError FILE_EXISTS */
  materialise(id: string, dir: string): Promise<void>;

  /** Proves that the store can be written. */
  check(): Promise<void>;
}
