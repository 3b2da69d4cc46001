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

/** Which artifacts garbage collection may take. */
export interface CollectOptions {
  /** Whether a run still needs the artifact: it, and every file of it, stays. */
  isReachable(id: string): boolean;
  /** Only what was put or renewed before this time is taken, in milliseconds since 1970: what is younger may be about to be named by a run. */
  readonly beforeMs: number;
  /** Removes nothing, but tells what it would. */
  readonly isDryRun?: boolean;
}

/** What garbage collection took, or would take. */
export interface Garbage {
  /** Ids, in order. */
  readonly artifacts: readonly string[];
  /** Files that no artifact names any more, and what killed writers left behind. */
  readonly files: number;
  readonly sizeBytes: number;
}

/**
 * The port of every artifact store. Files and manifests are content-addressed and never change; what has been put is on disk when the
 * promise resolves. Putting the same bytes again is harmless.
 *
 * Errors of every method: STORE_UNAVAILABLE, or BROKER_UNAVAILABLE where it lies on the broker (both transient), ARTIFACT_NOT_FOUND and DIGEST_MISMATCH (permanent).
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
   * Makes an artifact as young as one that was just put, and gives its manifest. Whoever is about to name one that perhaps no run names yet does
   * this first, so that it cannot be collected in the same moment.
   */
  renew(id: string): Promise<Manifest>;

  /**
   * Removes old artifacts that no run needs, then old files that no artifact names. Any number of processes may put, renew and read at the same
   * time: what they have put or renewed stays.
   */
  collect(options: CollectOptions): Promise<Garbage>;

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
