import type { CollectOptions, Garbage, Manifest } from '@agent-forge/contracts';
import { insist } from '@agent-forge/nats';
import type { Bucket } from './bucket.js';
import { CHUNK_HEADER, type StoredObject } from './stored-object.js';

/**
 * Garbage collection of a bucket. The age of an object is the time since it was put or renewed last; an object goes only in the revision that was
 * looked at. Manifests go first, then the files that no manifest names which is still there, then chunks that never got a name.
 * @throws ForgeError DIGEST_MISMATCH, before anything is removed, for a damaged manifest that is to stay: nobody knows which files it names
 */
export async function collect(
  bucket: Bucket,
  manifest: (id: string) => Promise<Manifest>,
  options: CollectOptions,
): Promise<Garbage> {
  const { isReachable, beforeMs, isDryRun = false } = options;
  const isOld = ({ mtime }: StoredObject) => Date.parse(mtime) < beforeMs;
  const named = new Set<string>();
  const keep = async (id: string) => {
    for (const { digest } of (await manifest(id)).files) named.add(`files/${digest}`);
  };
  const doomed: StoredObject[] = [];
  for (const object of await bucket.list('manifests/')) {
    if (isReachable(idOf(object)) || !isOld(object)) await keep(idOf(object));
    else doomed.push(object);
  }
  const garbage = { artifacts: [] as string[], files: 0, sizeBytes: 0 };
  for (const object of doomed) {
    if (!isDryRun && !(await bucket.remove(object))) {
      // Renewed at this very moment; or another collector was faster, and it is gone.
      if (await bucket.info(object.name)) await keep(idOf(object));
      continue;
    }
    garbage.artifacts.push(idOf(object));
    garbage.sizeBytes += object.size;
  }
  for (const object of await bucket.list('files/')) {
    if (named.has(object.name) || !isOld(object) || (!isDryRun && !(await bucket.remove(object)))) continue;
    garbage.files += 1;
    garbage.sizeBytes += object.size;
  }
  for (const { nuid, sizeBytes, timeMs } of await unnamedChunks(bucket)) {
    if (timeMs >= beforeMs) continue;
    if (!isDryRun) await bucket.drop(nuid);
    garbage.files += 1;
    garbage.sizeBytes += sizeBytes;
  }
  return garbage;
}

/** Chunks of writers that are at work, or that were killed. */
export async function unnamedChunks(bucket: Bucket): Promise<{ nuid: string; sizeBytes: number; timeMs: number }[]> {
  // Chunks first: those that get their name between the two looks are then seen as named.
  const info = await insist(bucket.connection, 'list chunks', () =>
    bucket.manager.streams.info(bucket.stream, { subjects_filter: bucket.chunkSubject() }),
  );
  const named = new Set((await bucket.list('')).map(({ nuid }) => nuid));
  const found = [];
  for (const subject of Object.keys(info.state.subjects ?? {})) {
    const nuid = subject.split('.').at(-1)!;
    if (named.has(nuid)) continue;
    const last = await bucket.manager.streams.getMessage(bucket.stream, { last_by_subj: subject });
    if (last === null) continue;
    // All chunks but the last are full; how full that is, the broker tells only of the one that is read.
    const before = Number(last.header?.get(CHUNK_HEADER) || 0) * bucket.chunkBytes;
    found.push({ nuid, sizeBytes: before + last.data.length, timeMs: last.time.getTime() });
  }
  return found;
}

function idOf({ name }: StoredObject): string {
  return name.slice('manifests/'.length);
}
