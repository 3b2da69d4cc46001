import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import { closeNats, connectNats } from './connection.js';
import { startEmbeddedServer, type EmbeddedServer, type EmbeddedServerOptions } from './embedded/server.js';
import { ensureStreams } from './streams.js';

/** A real nats-server in a folder of its own, for tests. */
export interface TestBroker {
  readonly dataDir: string;
  server: EmbeddedServer;
  connection: NatsConnection;
  /** Another connection, closed at the end. */
  connect(): Promise<NatsConnection>;
  /** Kills the server as a crash would, and starts it again on the same data and port. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a broker with the streams in place. */
export async function startTestBroker(options: Partial<EmbeddedServerOptions> = {}): Promise<TestBroker> {
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-forge-nats-'));
  const server = await startEmbeddedServer({ dataDir, ...options });
  const open: NatsConnection[] = [];
  const broker: TestBroker = {
    dataDir,
    server,
    connection: undefined as never,
    async connect() {
      const { url, user, password } = broker.server;
      const connection = await connectNats({ servers: url, user, pass: password, name: 'test' });
      open.push(connection);
      return connection;
    },
    async crash() {
      const { url, pid, exited, password } = broker.server;
      process.kill(pid, 'SIGKILL');
      await exited;
      broker.server = await startEmbeddedServer({ dataDir, port: Number(new URL(url).port), password, ...options });
    },
    async stop() {
      await Promise.all(open.map(closeNats));
      await broker.server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  broker.connection = await broker.connect();
  await ensureStreams(broker.connection);
  return broker;
}
