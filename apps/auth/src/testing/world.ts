import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewClient, Problem, Role, TokenAnswer } from '@agent-forge/contracts';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { makeLogger } from '@agent-forge/runtime';
import { readAuthConfig } from '../config.js';
import { startAuth, type RunningAuth } from '../start.js';

/** A password that passes. */
export const PASSWORD = 'four quiet herons wade';

/** What is sent, and as whom. */
export interface Ask {
  token?: string;
  json?: object;
  form?: Record<string, string>;
}

/** An answer, read. */
export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A broker and the auth service, both real, in a folder that is gone afterwards. */
export class World {
  private constructor(
    readonly broker: TestBroker,
    public auth: RunningAuth,
  ) {}

  static async create(): Promise<World> {
    const broker = await startTestBroker();
    return new World(broker, await startOn(broker));
  }

  /** Another replica on the same broker and folder. */
  replica(env: Record<string, string> = {}): Promise<RunningAuth> {
    return startOn(this.broker, env);
  }

  get dir(): string {
    return join(this.broker.dataDir, 'auth');
  }

  get logFile(): string {
    return logFileIn(this.broker);
  }

  async ask<T = Problem>(method: string, path: string, { token, json, form }: Ask = {}): Promise<Answer<T>> {
    const body = json ? JSON.stringify(json) : form && new URLSearchParams(form);
    const answer = await fetch(this.auth.url + path, {
      method,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(json && { 'content-type': 'application/json' }),
      },
      ...(body && { body }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: (text ? JSON.parse(text) : undefined) as T };
  }

  /** A token of a client, or of the first one. */
  async token(clientId = 'admin', clientSecret?: string): Promise<string> {
    const secret =
      clientSecret ?? (JSON.parse(await readFile(join(this.dir, 'admin.json'), 'utf8')).clientSecret as string);
    return (await this.forSecret(clientId, secret)).body.access_token;
  }

  forSecret(clientId: string, clientSecret: string, more = {}): Promise<Answer<TokenAnswer & { error?: string }>> {
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret, ...more };
    return this.ask('POST', '/oauth/token', { form });
  }

  refresh(token: string, more = {}): Promise<Answer<TokenAnswer & { error?: string }>> {
    return this.ask('POST', '/oauth/token', { form: { grant_type: 'refresh_token', refresh_token: token, ...more } });
  }

  login(user: string, password = PASSWORD, more = {}): Promise<Answer<TokenAnswer & Problem>> {
    return this.ask('POST', '/v1/login', { json: { user, password, ...more } });
  }

  /** Makes a user with {@link PASSWORD}. */
  async makeUser(id: string, role: Role = 'builder', tenant = 'main'): Promise<void> {
    const json = { id, role, tenant, password: PASSWORD };
    const { status, body } = await this.ask('POST', '/v1/users', { token: await this.token(), json });
    if (status !== 201) throw new Error(`no user was made: ${JSON.stringify(body)}`);
  }

  /** Makes a client. @returns its secret */
  async makeClient(id: string, role: Role, tenant = 'main'): Promise<string> {
    const json = { id, role, tenant };
    const { status, body } = await this.ask<NewClient>('POST', '/v1/clients', { token: await this.token(), json });
    if (status !== 201) throw new Error(`no client was made: ${JSON.stringify(body)}`);
    return body.clientSecret;
  }

  async destroy(): Promise<void> {
    await this.auth.close();
    await this.broker.stop();
  }
}

function startOn(broker: TestBroker, more: Record<string, string> = {}) {
  const { url, user, password } = broker.server;
  const env = { NATS_URL: url, NATS_USER: user, NATS_PASSWORD: password, FORGE_DATA_DIR: broker.dataDir };
  const logger = makeLogger('auth', { logLevel: 'trace', logFile: logFileIn(broker) });
  return startAuth(readAuthConfig({ ...env, FORGE_PORT: '0', ...more }), logger);
}

function logFileIn({ dataDir }: TestBroker): string {
  return join(dataDir, 'logs', 'auth.log');
}
