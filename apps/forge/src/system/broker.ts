import { ForgeError } from '@agent-forge/contracts';
import { closeNats, connectNats, ensureStreams, startEmbeddedServer, type EmbeddedServer } from '@agent-forge/nats';
import { phases } from '@agent-forge/phases';

/** The broker of a system: one of our own, or one that runs already. */
export interface Broker {
  /** For people: without user and password. */
  readonly url: string;
  /** What a service needs to know of it. */
  envOf(service: string): Record<string, string>;
  /** The process, when it is our own. */
  readonly pid?: number;
  /** Settles when it has ended by itself; one that is not ours never does. */
  readonly ended: Promise<ForgeError>;
  stop(): Promise<void>;
}

/** All services of a system, by their names. */
export const SERVICES = ['auth', 'gateway', ...phases.map(({ name }) => name)];

/** Starts an embedded nats-server below the data directory, with a login for each service, and makes the streams. @throws ForgeError BROKER_MISSING, FILE_EXISTS, BROKER_UNAVAILABLE */
export async function startBroker(dataDir: string): Promise<Broker> {
  const server = await startEmbeddedServer({ dataDir, services: SERVICES });
  const { url, pid, exited, stop } = server;
  try {
    await makeStreams(server);
  } catch (error) {
    await stop();
    throw error;
  }
  const ended = exited.then(() => new ForgeError('SERVICE_FAILED', `nats-server ended; see ${dataDir}/nats`));
  const envOf = (service: string) => {
    const { user, password, inbox } = server.loginOf(service);
    const login = { NATS_USER: user, NATS_PASSWORD: password, NATS_INBOX_PREFIX: inbox };
    // A token in the environment of this process is for another broker.
    return { NATS_URL: url, ...login, NATS_TOKEN: '', FORGE_STREAMS: 'await' };
  };
  return { url, envOf, pid, ended, stop };
}

async function makeStreams({ url, user, password }: EmbeddedServer): Promise<void> {
  const connection = await connectNats({ servers: url, user, pass: password, name: 'forge' });
  try {
    await ensureStreams(connection);
  } finally {
    await closeNats(connection);
  }
}

/** A broker that somebody else runs; how to log in stands in the environment, which services inherit. */
export function foreignBroker(url: string): Broker {
  return {
    url: url.replaceAll(/\/\/[^@/,]*@/g, '//'),
    envOf: () => ({ NATS_URL: url }),
    ended: new Promise(() => undefined),
    stop: async () => undefined,
  };
}
