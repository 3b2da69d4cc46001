import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { NatsArtifactStore } from '@agent-forge/artifacts-nats';
import type { ArtifactStore } from '@agent-forge/contracts';
import { closeNats, connectNats, type NatsOptions } from '@agent-forge/nats';
import { artifactsDir, type ServiceConfig } from './config.js';

/** Which artifact store, and where: plain data, so that worker threads can open it too. */
export type StoreLocation =
  | { readonly kind: 'fs'; readonly dir: string }
  | { readonly kind: 'nats'; readonly nats: NatsOptions; readonly replicas: number };

/** An open store; what was opened for it is closed by `close`. */
export interface OpenStore {
  readonly store: ArtifactStore;
  close(): Promise<void>;
}

/** The store that a service's configuration names. @param name shown in the broker's list of connections */
export function storeLocation(config: ServiceConfig, name: string): StoreLocation {
  const { artifacts, dataDir, nats, natsReplicas } = config;
  if (artifacts === 'fs') return { kind: 'fs', dir: artifactsDir(dataDir) };
  return { kind: 'nats', nats: { ...nats, name: `${name}-artifacts` }, replicas: natsReplicas };
}

/** @throws ForgeError STORE_UNAVAILABLE, BROKER_UNAVAILABLE, UNAUTHENTICATED */
export async function openStore(location: StoreLocation): Promise<OpenStore> {
  if (location.kind === 'fs') return { store: await FsArtifactStore.open(location.dir), close: async () => undefined };
  // A connection of its own: large files must not stand before heartbeats and events.
  const connection = await connectNats(location.nats);
  const close = () => closeNats(connection);
  try {
    return { store: await NatsArtifactStore.open(connection, { replicas: location.replicas }), close };
  } catch (error) {
    await close();
    throw error;
  }
}
