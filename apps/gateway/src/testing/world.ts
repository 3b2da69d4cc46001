import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { JWK } from 'jose';
import { FIRST_TENANT, type NewClient, type Role } from '@agent-forge/contracts';
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
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** @param env settings of the gateway that a test wants otherwise */
  static async create(env: NodeJS.ProcessEnv = {}): Promise<World> {
    const broker = await startTestBroker();
    const auth = fork(fileURLToPath(import.meta.resolve('@agent-forge/auth/main')), {
      env: { PATH: process.env['PATH'], ...envOf(broker), FORGE_PORT: '0', FORGE_LOG_LEVEL: 'warn' },
      execArgv: [],
    });
    const [ready] = (await once(auth, 'message')) as [ReadyMessage];
    const log = new RunLog(broker.connection, '/agentforge/test');
    return new World(broker, auth, ready.url, log, await World.#start(broker, ready.url, env), env);
  }

  static async #start(
    broker: TestBroker,
    authUrl: string,
    wanted: NodeJS.ProcessEnv,
    port = '0',
  ): Promise<RunningGateway> {
    const env = { ...WEBHOOK_ENV, ...envOf(broker), FORGE_PORT: port, FORGE_AUTH_URL: authUrl, ...wanted };
    const config = readGatewayConfig(env);
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
    this.gateway = await World.#start(this.broker, this.authUrl, this.env, port);
  }

  /** All that the gateway has logged. */
  get logFile(): string {
    return logFileIn(this.broker);
  }

  async credentials(): Promise<{ clientId: string; clientSecret: string }> {
    return JSON.parse(await readFile(join(this.broker.dataDir, 'auth', 'admin.json'), 'utf8'));
  }

  /** The key that signs this installation's tokens, as only the auth service has it. */
  async signingKey(): Promise<JWK> {
    const dir = join(this.broker.dataDir, 'auth', 'keys');
    const [name] = await readdir(dir);
    return JSON.parse(await readFile(join(dir, name!), 'utf8')) as JWK;
  }

  /** The client of this installation. @param url another way to the gateway */
  async connect(url = this.gateway.url): Promise<Connection> {
    return { url, token: clientCredentials({ authUrl: this.authUrl, ...(await this.credentials()) }) };
  }

  /** Another client, made by the first; its tenant too, where there is none yet. */
  async connectAs(id: string, role: Role, tenant: string = FIRST_TENANT): Promise<Connection> {
    if (tenant !== FIRST_TENANT) await this.manage('POST', '/v1/tenants', { id: tenant }).catch(() => undefined);
    const { clientSecret } = (await this.manage('POST', '/v1/clients', { id, role, tenant })) as NewClient;
    const token = clientCredentials({ authUrl: this.authUrl, clientId: id, clientSecret });
    return { url: this.gateway.url, token };
  }

  /** Asks the auth service for something, as the first client or as another. @returns the JSON of its answer @throws when it refuses */
  async manage(method: string, path: string, body?: object, as?: Connection): Promise<unknown> {
    const { token } = as ?? (await this.connect());
    const answer = await fetch(this.authUrl + path, {
      method,
      headers: { authorization: `Bearer ${await token()}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
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

/** What services need to know of a broker, and where they keep their files. */
function envOf({ server: { url, user, password }, dataDir }: TestBroker): Record<string, string> {
  return { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password, FORGE_DATA_DIR: dataDir };
}
