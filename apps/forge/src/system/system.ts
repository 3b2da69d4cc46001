import { join, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import { lockFile } from '@agent-forge/nats';
import { phases } from '@agent-forge/phases';
import { clientCredentials, type Connection } from '@agent-forge/sdk';
import { version } from '../version.js';
import { foreignBroker, startBroker, type Broker } from './broker.js';
import { readCredentials } from './credentials.js';
import { removeEndpoints, writeEndpoints } from './endpoints.js';
import { launchService } from './service-process.js';
import type { RunningService, ServiceStarter } from './service.js';

/** What to start. */
export interface SystemOptions {
  /** Everything that is written lies there. */
  dataDir: string;
  /** Ports of gateway and auth; 0 lets the system choose. */
  port: number;
  authPort: number;
  /** Ends the start. */
  signal: AbortSignal;
  /** How services are started (default: each as a process of its own). */
  startService?: ServiceStarter;
  /** A broker that runs already; without it one is started. */
  natsUrl?: string | undefined;
}

/** A running system: a broker, auth, gateway, and one service for each phase. */
export interface System {
  readonly dataDir: string;
  readonly broker: Broker;
  readonly services: readonly RunningService[];
  readonly authUrl: string;
  /** The client's way in, as the first client of this installation. */
  readonly connection: Connection;
  /** Aborted, with the reason, when a part of the system ends by itself. */
  readonly failed: AbortSignal;
  /** Ends all of it. */
  stop(): Promise<void>;
}

/**
 * Starts the whole system on this machine, loopback only, and waits until all of it takes work. When that fails, nothing is left running.
 * @throws ForgeError BROKER_MISSING, FILE_EXISTS when the data directory is in use, SERVICE_FAILED, CANCELLED after `signal`
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  const dataDir = resolve(options.dataDir);
  const lock = await lockFile(join(dataDir, 'lock'));
  const parts = new Parts(dataDir, options.startService ?? launchService);
  const stop = async () => {
    await removeEndpoints(dataDir);
    await parts.stop();
    await lock.release();
  };
  try {
    const broker = options.natsUrl === undefined ? await startBroker(dataDir) : foreignBroker(options.natsUrl);
    parts.add(broker);
    const ends = AbortSignal.any([options.signal, parts.failed.signal]);
    const urls = await unlessAborted(ends, startServices(parts, broker, options));
    const connection = await connectionOf(dataDir, urls);
    await writeEndpoints(dataDir, urls);
    const { services, failed } = parts;
    return { dataDir, broker, services, authUrl: urls.authUrl, connection, failed: failed.signal, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What was started, and what became of it. */
class Parts {
  readonly services: RunningService[] = [];
  readonly failed = new AbortController();
  #broker: Broker | undefined;
  #isStopping = false;

  constructor(
    private readonly dataDir: string,
    private readonly startService: ServiceStarter,
  ) {}

  add(broker: Broker): void {
    this.#broker = broker;
    this.#watch(broker);
  }

  /** Starts a service. @returns its URL, once it takes work */
  start(name: string, env: Record<string, string>): Promise<string> {
    const service = this.startService(name, this.dataDir, { ...env, FORGE_CODE_VERSION: version() });
    this.services.push(service);
    this.#watch(service);
    return service.ready;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.services.map((service) => service.stop()));
    await this.#broker?.stop();
  }

  #watch({ ended }: Pick<Broker, 'ended'>): void {
    void ended.then((error) => this.#isStopping || this.failed.abort(error));
  }
}

async function startServices(parts: Parts, broker: Broker, { port, authPort }: SystemOptions) {
  const frontDoor = async () => {
    const authUrl = await parts.start('auth', { ...broker.envOf('auth'), FORGE_PORT: String(authPort) });
    const env = { ...broker.envOf('gateway'), FORGE_PORT: String(port), FORGE_AUTH_URL: authUrl };
    return { authUrl, url: await parts.start('gateway', env) };
  };
  const others = phases.map(({ name }) => parts.start(name, { ...broker.envOf(name), FORGE_PORT: '0' }));
  const [urls] = await Promise.all([frontDoor(), ...others]);
  return urls;
}

async function connectionOf(dataDir: string, { url, authUrl }: { url: string; authUrl: string }): Promise<Connection> {
  return { url, token: clientCredentials({ authUrl, ...(await readCredentials(dataDir)) }) };
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
