import { ForgeError } from '@agent-forge/contracts';
import { startEmbeddedServer } from '@agent-forge/nats';

/** The broker of a system: one of our own, or one that runs already. */
export interface Broker {
  /** For people: without user and password. */
  readonly url: string;
  /** What services need to know of it. */
  readonly env: Record<string, string>;
  /** The process, when it is our own. */
  readonly pid?: number;
  /** Settles when it has ended by itself; one that is not ours never does. */
  readonly ended: Promise<ForgeError>;
  stop(): Promise<void>;
}

/** Starts an embedded nats-server below the data directory. @throws ForgeError BROKER_MISSING, FILE_EXISTS, BROKER_UNAVAILABLE */
export async function startBroker(dataDir: string): Promise<Broker> {
  const { url, user, password, pid, exited, stop } = await startEmbeddedServer({ dataDir });
  const ended = exited.then(() => new ForgeError('SERVICE_FAILED', `nats-server ended; see ${dataDir}/nats`));
  // A token in the environment of this process is for another broker.
  const env = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password, NATS_TOKEN: '' };
  return { url, env, pid, ended, stop };
}

/** A broker that somebody else runs; how to log in stands in the environment, which services inherit. */
export function foreignBroker(url: string): Broker {
  return {
    url: url.replaceAll(/\/\/[^@/,]*@/g, '//'),
    env: { NATS_URL: url },
    ended: new Promise(() => undefined),
    stop: async () => undefined,
  };
}
