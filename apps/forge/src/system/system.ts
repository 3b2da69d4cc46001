import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { startEmbeddedServer, type EmbeddedServer } from '@agent-forge/nats';
import { clientCredentials, type Connection } from '@agent-forge/sdk';
import { version } from '../version.js';
import { launchService, type ServiceProcess } from './service-process.js';

/** The phases that exist so far, each a service of its own. */
const PHASE_SERVICES = ['cognate', 'evomerge'] as const;

/** What to start. */
export interface SystemOptions {
  /** Everything that is written lies there. */
  dataDir: string;
  /** Ports of gateway and auth; 0 lets the system choose. */
  port: number;
  authPort: number;
  /** Ends the start. */
  signal: AbortSignal;
}

/** A running system: an embedded nats-server and one process for each service. */
export interface System {
  readonly dataDir: string;
  readonly broker: EmbeddedServer;
  readonly services: readonly ServiceProcess[];
  readonly authUrl: string;
  /** The client's way in, as the first client of this installation. */
  readonly connection: Connection;
  /** Aborted, with the reason, when a part of the system ends by itself. */
  readonly failed: AbortSignal;
  /** Ends all of it. */
  stop(): Promise<void>;
}

/** Where the credentials of the first client lie. */
export function credentialsFile(dataDir: string): string {
  return join(dataDir, 'auth', 'admin.json');
}

/**
 * Starts the whole system on this machine, loopback only, and waits until all of it takes work. When that fails, nothing is left running.
 * @throws ForgeError BROKER_MISSING, FILE_EXISTS when the data directory is in use, SERVICE_FAILED, CANCELLED after `signal`
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const dataDir = resolve(options.dataDir);
  const broker = await startEmbeddedServer({ dataDir });
  const services: ServiceProcess[] = [];
  const failed = new AbortController();
  let isStopping = false;
  const fail = (error: ForgeError) => {
    if (!isStopping) failed.abort(error);
  };
  const stop = async () => {
    isStopping = true;
    await Promise.all(services.map((service) => service.stop()));
    await broker.stop();
  };
  const launch = (name: string, env: Record<string, string>) => {
    const service = launchService(name, dataDir, { ...env, FORGE_CODE_VERSION: version() });
    services.push(service);
    void service.ended.then(fail);
    return service.ready;
  };
  void broker.exited.then(() => fail(new ForgeError('SERVICE_FAILED', `nats-server ended; see ${dataDir}/nats`)));
  try {
    const urls = await unlessAborted(
      AbortSignal.any([options.signal, failed.signal]),
      launchAll(launch, broker, options),
    );
    const connection = await connectionOf(dataDir, urls);
    return { dataDir, broker, services, authUrl: urls.authUrl, connection, failed: failed.signal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Launch = (name: string, env: Record<string, string>) => Promise<string>;

async function launchAll(launch: Launch, broker: EmbeddedServer, { port, authPort }: SystemOptions) {
  const nats = { NATS_URL: broker.url, NATS_USER: broker.user, NATS_PASSWORD: broker.password };
  const frontDoor = async () => {
    const authUrl = await launch('auth', { FORGE_PORT: String(authPort) });
    return { authUrl, url: await launch('gateway', { ...nats, FORGE_PORT: String(port), FORGE_AUTH_URL: authUrl }) };
  };
  const phases = PHASE_SERVICES.map((name) => launch(name, { ...nats, FORGE_PORT: '0' }));
  const [urls] = await Promise.all([frontDoor(), ...phases]);
  return urls;
}

async function connectionOf(dataDir: string, { url, authUrl }: { url: string; authUrl: string }): Promise<Connection> {
  const credentials = JSON.parse(await readFile(credentialsFile(dataDir), 'utf8')) as {
    clientId: string;
    clientSecret: string;
  };
  return { url, token: clientCredentials({ authUrl, ...credentials }) };
}

/** The result of some work, or the reason of a signal that comes first. @throws ForgeError the signal's reason, or CANCELLED */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stop = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const give = () =>
      reject(signal.reason instanceof ForgeError ? signal.reason : new ForgeError('CANCELLED', 'stopped'));
    if (signal.aborted) give();
    else signal.addEventListener('abort', give, { once: true, signal: stop.signal });
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([aborted, work]);
  } finally {
    stop.abort();
  }
}
