import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, errors, type NatsConnection } from '@nats-io/transport-node';
import { ForgeError } from '@agent-forge/contracts';
import { brokerError } from './errors.js';

/** A dead connection is noticed after two missed pings. */
const PING_INTERVAL_MS = 5_000;
/** Short, since a restarted broker is back in a tenth of a second; jitter keeps many services from coming at once. */
const RECONNECT_WAIT_MS = 250;
/** Services and broker are often started together: the first connection may fail for about this long. */
const FIRST_CONNECT_TIMEOUT_MS = 15_000;

/** Files in PEM; what is left out is what Node.js trusts, and no certificate of our own. */
export interface NatsTls {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** Where the broker is and who we are. */
export interface NatsOptions {
  /** One or more URLs, separated by commas; a login may stand in them (`nats://user:password@host`, or a token alone). */
  servers: string;
  user?: string;
  pass?: string;
  token?: string;
  /** Where answers come (default `_INBOX`); an identity with few permissions has a place of its own. */
  inboxPrefix?: string;
  /** Demands TLS, as a URL with `tls://` does; nothing is sent to a broker that has none. */
  tls?: NatsTls;
  /** Shown in the broker's list of connections. */
  name: string;
}

/**
 * Connects, waits until JetStream answers, and from then on reconnects for ever.
 * @throws ForgeError BROKER_UNAVAILABLE when nobody answers, UNAUTHENTICATED when the broker refuses us
 */
export async function connectNats({ servers: given, ...options }: NatsOptions): Promise<NatsConnection> {
  const { servers, login } = takeLogin(given);
  const tls = options.tls ?? (servers.some((server) => server.startsWith('tls://')) ? {} : undefined);
  const deadline = Date.now() + FIRST_CONNECT_TIMEOUT_MS;
  for (;;) {
    let connection: NatsConnection | undefined;
    try {
      connection = await connect({
        ...login,
        ...options,
        ...(tls && { tls }),
        servers,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_WAIT_MS,
        pingInterval: PING_INTERVAL_MS,
      });
      await jetstreamManager(connection);
      return connection;
    } catch (error) {
      await connection?.close();
      const isFinal = error instanceof errors.AuthorizationError || isAboutTls(error);
      if (isFinal || Date.now() > deadline) throw brokerError(error, `connect to NATS at ${servers.join(', ')}`);
      await sleep(RECONNECT_WAIT_MS);
    }
  }
}

/** Certificates that are not trusted, or a side that has no TLS: waiting does not mend it. */
function isAboutTls(error: unknown): boolean {
  const causes = [error, (error as { cause?: unknown } | undefined)?.cause];
  return causes.some(
    (each) => each instanceof Error && /certificate|\btls\b|self-signed|\bSSL\b|\balert\b/i.test(each.message),
  );
}

/** The client knows no logins in URLs, and messages should not show them. @throws ForgeError INVALID_ARGUMENT */
function takeLogin(given: string): { servers: string[]; login: Pick<NatsOptions, 'user' | 'pass' | 'token'> } {
  let login = {};
  const servers = given.split(',').map((server) =>
    server.trim().replace(/^(\w+:\/\/)?([^@/]+)@/, (_, scheme: string | undefined, info: string) => {
      const [user = '', pass] = info.split(':').map(decoded);
      login = pass === undefined ? { token: user } : { user, pass };
      return scheme ?? '';
    }),
  );
  return { servers, login };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new ForgeError(
      'INVALID_ARGUMENT',
      'the login in the URL of NATS is not percent-encoded as it should be',
      error,
    );
  }
}

/** Sends what is buffered and closes; a connection that is closed already is fine. */
export async function closeNats(connection: NatsConnection): Promise<void> {
  if (connection.isClosed()) return;
  await connection.drain().catch((error: unknown) => {
    if (!connection.isClosed())
      throw new ForgeError('BROKER_UNAVAILABLE', 'cannot drain the connection to NATS', error);
  });
}
