import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ForgeError, type ArtifactStore, type Garbage, type Manifest } from '@agent-forge/contracts';
import {
  closeNats,
  connectNats,
  ensureStreams,
  findEmbeddedServer,
  loadAllRuns,
  startEmbeddedServer,
} from '@agent-forge/nats';
import { collectableBefore, reachable } from '@agent-forge/run';
import { openStore, readConfig, storeLocation } from '@agent-forge/runtime';

/** What to collect. */
export interface CollectGarbageOptions {
  readonly dataDir: string;
  readonly graceMs: number;
  readonly isDryRun: boolean;
  /** Also where no run is known, so that everything is garbage. */
  readonly isForced: boolean;
}

/** What came of it. */
export interface GarbageReport extends Garbage {
  readonly dryRun: boolean;
  /** Artifacts that are there now. */
  readonly kept: number;
  /** Only what was put before this time counted as garbage, RFC 3339. */
  readonly before: string;
}

/**
 * Removes what no run needs from the store of a data directory, whether the system runs on it or not.
 * The order matters: the time first, then the log, then the store. What is put or renewed meanwhile is young, and stays.
 * @throws ForgeError FILE_NOT_FOUND, INVALID_ARGUMENT for a log without runs, those of broker and store
 */
export async function collectGarbage(options: CollectGarbageOptions): Promise<GarbageReport> {
  const { isDryRun, isForced, graceMs } = options;
  const dataDir = resolve(options.dataDir);
  const nowMs = Date.now();
  const broker = await brokerOf(dataDir);
  try {
    const config = readConfig({ ...process.env, ...broker.env, FORGE_DATA_DIR: dataDir });
    const { runs, strayDigests } = await readRuns(config);
    const { store, close } = await openStore(storeLocation(config, 'gc'));
    try {
      const manifests = await manifestsOf(store);
      if (runs.length === 0 && manifests.size > 0 && !isForced) throw noRuns(dataDir, manifests.size);
      const needed = reachable(runs, (id) => manifests.get(id), strayDigests);
      const beforeMs = collectableBefore(runs, nowMs, graceMs);
      const garbage = await store.collect({ isReachable: (id) => needed.has(id), beforeMs, isDryRun });
      const kept = manifests.size - garbage.artifacts.length;
      return { ...garbage, dryRun: isDryRun, kept, before: new Date(beforeMs).toISOString() };
    } finally {
      await close();
    }
  } finally {
    await broker.stop();
  }
}

/** The broker with the run log: the one that `NATS_URL` names, the one that runs on the data directory, or one that is started for the moment. */
async function brokerOf(dataDir: string): Promise<{ env: Record<string, string>; stop(): Promise<void> }> {
  if (process.env['NATS_URL']) return { env: {}, stop: async () => undefined };
  const running = await findEmbeddedServer(dataDir);
  if (running) {
    const { servers, user = '', pass = '' } = running;
    return { env: { NATS_URL: servers, NATS_USER: user, NATS_PASSWORD: pass }, stop: async () => undefined };
  }
  await stat(join(dataDir, 'nats')).catch((error: unknown) => {
    throw new ForgeError(
      'FILE_NOT_FOUND',
      `${dataDir} is no data directory of Agent Forge; name one with --data-dir`,
      error,
    );
  });
  const { url, user, password, stop } = await startEmbeddedServer({ dataDir });
  return { env: { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password }, stop };
}

async function readRuns({ nats, natsReplicas }: ReturnType<typeof readConfig>) {
  const connection = await connectNats({ ...nats, name: 'gc' });
  try {
    await ensureStreams(connection, natsReplicas);
    return await loadAllRuns(connection);
  } finally {
    await closeNats(connection);
  }
}

/** Every manifest that can be read; what a damaged one was made from is not known, and the store refuses to go on if it matters. */
async function manifestsOf(store: ArtifactStore): Promise<Map<string, Manifest | undefined>> {
  const manifests = new Map<string, Manifest | undefined>();
  for await (const id of store.list()) {
    manifests.set(
      id,
      await store.manifest(id).catch((error: unknown) => {
        const { code } = ForgeError.from(error);
        if (code === 'DIGEST_MISMATCH' || code === 'ARTIFACT_NOT_FOUND') return undefined;
        throw error;
      }),
    );
  }
  return manifests;
}

function noRuns(dataDir: string, count: number): ForgeError {
  return new ForgeError(
    'INVALID_ARGUMENT',
    `${dataDir} holds ${count} artifact(s), but its log no run at all, so that nothing would be kept; if that is right, give --force`,
  );
}
