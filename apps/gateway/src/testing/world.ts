import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { RunLog } from '@agent-forge/nats';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { makeLogger, type ReadyMessage } from '@agent-forge/runtime';
import { clientCredentials, type Connection } from '@agent-forge/sdk';
import { readGatewayConfig } from '../config.js';
import { createGateway } from '../start.js';

/** Receivers of tests are on this machine, and tests do not wait for minutes. */
const WEBHOOK_ENV = { FORGE_WEBHOOK_ALLOW: '127.0.0.1', FORGE_WEBHOOK_RETRY_MS: '1' };

/** A gateway that listens. */
interface RunningGateway {
  readonly url: string;
  /** Every route that was registered, whoever did it. */
  readonly routes: RouteOptions[];
  close(): Promise<void>;
}

/** A broker, the auth service in its process, and a gateway in this one, all real, in a folder that is gone afterwards. */
export class World {
  private constructor(
    readonly broker: TestBroker,
    readonly auth: ChildProcess,
    readonly authUrl: string,
    /** Appends as a phase would. */
    readonly log: RunLog,
    public gateway: RunningGateway,
  ) {}

  static async create(): Promise<World> {
    const broker = await startTestBroker();
    const auth = fork(fileURLToPath(import.meta.resolve('@agent-forge/auth/main')), {
      env: { PATH: process.env['PATH'], FORGE_DATA_DIR: broker.dataDir, FORGE_PORT: '0', FORGE_LOG_LEVEL: 'warn' },
      execArgv: [],
    });
    const [ready] = (await once(auth, 'message')) as [ReadyMessage];
    const log = new RunLog(broker.connection, '/agentforge/test');
    return new World(broker, auth, ready.url, log, await World.#start(broker, ready.url));
  }

  static async #start(broker: TestBroker, authUrl: string, port = '0'): Promise<RunningGateway> {
    const { url, user, password } = broker.server;
    const env = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password, FORGE_DATA_DIR: broker.dataDir };
    const config = readGatewayConfig({ ...WEBHOOK_ENV, ...env, FORGE_PORT: port, FORGE_AUTH_URL: authUrl });
    const logger = makeLogger('gateway', { logLevel: 'debug', logFile: logFileIn(broker) });
    const gateway = await createGateway(config, logger);
    const routes: RouteOptions[] = [];
    const fastify: FastifyInstance = gateway.app.getHttpAdapter().getInstance();
    fastify.addHook('onRoute', (route) => void routes.push(route));
    return { url: await gateway.listen(), routes, close: gateway.close };
  }

  /** Ends the gateway and starts another one at the same place. */
  async restart(): Promise<void> {
    const { port } = new URL(this.gateway.url);
    await this.gateway.close();
    this.gateway = await World.#start(this.broker, this.authUrl, port);
  }

  /** All that the gateway has logged. */
  get logFile(): string {
    return logFileIn(this.broker);
  }

  async credentials(): Promise<{ clientId: string; clientSecret: string }> {
    return JSON.parse(await readFile(join(this.broker.dataDir, 'auth', 'admin.json'), 'utf8'));
  }

  /** The client of this installation. @param url another way to the gateway */
  async connect(url = this.gateway.url): Promise<Connection> {
    return { url, token: clientCredentials({ authUrl: this.authUrl, ...(await this.credentials()) }) };
  }

  async destroy(): Promise<void> {
    await this.gateway.close();
    this.auth.kill();
    await once(this.auth, 'exit');
    await this.broker.stop();
  }
}

function logFileIn({ dataDir }: TestBroker): string {
  return join(dataDir, 'logs', 'gateway.log');
}
