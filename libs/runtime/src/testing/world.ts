import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { create, type JsonObject } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import { RecipeSchema, runFilter, type ArtifactStore, type LogEvent, type PhasePlan } from '@agent-forge/contracts';
import { LOG_STREAM, phaseConsumerName, readEvents, RunLog } from '@agent-forge/nats';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { readConfig } from '../config.js';
import { openStore, storeLocation, type OpenStore } from '../open-store.js';
import type { ReadyMessage } from '../service.js';

/** What whoever reads the metrics of test services sends. */
export const METRICS_TOKEN = 'for-tests';

/** A phase service in a process of its own. */
export interface TestService {
  readonly process: ChildProcess;
  readonly url: string;
  /** What it wrote to standard error so far. */
  log(): string;
  /** Settles with the signal or code that ended it. */
  readonly ended: Promise<string | number>;
}

/** A broker, a store, and services of hash phases, all real, in a folder that is gone afterwards. */
export class World {
  readonly #services: TestService[] = [];
  private constructor(
    readonly broker: TestBroker,
    readonly log: RunLog,
    readonly store: ArtifactStore,
    readonly dataId: string,
    readonly env: Record<string, string>,
    private readonly closeStore: OpenStore['close'],
  ) {}

  /** @param artifacts where artifacts lie */
  static async create(artifacts: 'fs' | 'nats' = 'fs'): Promise<World> {
    const broker = await startTestBroker();
    const env = envOf(broker, artifacts);
    const { store, close } = await openStore(storeLocation(readConfig(env), 'test'));
    const { digest, sizeBytes } = await store.putFile([Buffer.from('some text to hash')]);
    const lineage = {
      parents: [],
      data: [],
      phase: 'import',
      params: {},
      seed: null,
      codeVersion: 'test',
      metrics: {},
    };
    const files = [{ name: 'text.txt', digest, sizeBytes }];
    const dataId = await store.putManifest({ version: 1, kind: 'dataset', files, lineage });
    return new World(broker, new RunLog(broker.connection, '/agentforge/test'), store, dataId, env, close);
  }

  /** Starts a service for the hash phase of a name and waits until it takes work. */
  serve(name: string, env: Record<string, string> = {}): Promise<TestService> {
    return this.#fork('serve-test-phase.js', [name], env);
  }

  /** Starts a service for the phase of a name that hands out tasks. */
  serveTasks(name: string): Promise<TestService> {
    return this.#fork('serve-test-phase.js', [name, 'tasks'], {});
  }

  /** Starts a service for a phase of the pipeline. */
  serveReal(name: string): Promise<TestService> {
    return this.#fork('serve-real-phase.js', [name], {});
  }

  async #fork(script: string, args: readonly string[], env: Record<string, string>): Promise<TestService> {
    const module = join(import.meta.dirname, script);
    const child = fork(module, args, {
      env: { PATH: process.env['PATH'], ...this.env, ...env },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const ended = once(child, 'exit').then(([code, signal]) => (signal ?? code) as string | number);
    const first = await Promise.race([once(child, 'message'), ended]);
    if (!Array.isArray(first)) throw new Error(`the service ended with ${first}: ${said}`);
    const service = { process: child, url: (first[0] as ReadyMessage).url, log: () => said, ended };
    this.#services.push(service);
    return service;
  }

  /** Requests a run of hash phases. */
  async request(run: string, ...phases: { phase: string; params?: JsonObject }[]): Promise<void> {
    const recipe = create(RecipeSchema, {
      name: run,
      seed: 1,
      data: [{ name: 'text', artifactId: this.dataId }],
      phases: phases as PhasePlan[],
    });
    await this.log.execute('t1', run, { do: 'request', recipe, requestedBy: 'test' });
  }

  /** Reads the run's log until an event that is looked for. */
  async until(run: string, isIt: (event: LogEvent) => boolean): Promise<LogEvent[]> {
    const seen: LogEvent[] = [];
    for await (const { event } of readEvents(this.broker.connection, { stream: 'log', filter: runFilter('t1', run) })) {
      seen.push(event as LogEvent);
      if (isIt(event as LogEvent)) return seen;
    }
    throw new Error(`the log of ${run} ended early: ${seen.map(({ name }) => name).join(', ')}`);
  }

  /** Reads the run's log to its end. */
  end(run: string): Promise<LogEvent[]> {
    return this.until(run, ({ name }) => name === 'run.completed' || name === 'run.failed' || name === 'run.cancelled');
  }

  /** Messages of a phase that nobody has settled. */
  async unsettled(phase: string): Promise<number> {
    const manager = await jetstreamManager(this.broker.connection);
    const { num_ack_pending, num_pending } = await manager.consumers.info(LOG_STREAM, phaseConsumerName(phase, 't1'));
    return num_ack_pending + num_pending;
  }

  async destroy(): Promise<void> {
    for (const { process: child, ended } of this.#services) {
      child.kill('SIGKILL');
      await ended;
    }
    await this.closeStore();
    await this.broker.stop();
  }
}

function envOf({ server, dataDir }: TestBroker, artifacts: 'fs' | 'nats'): Record<string, string> {
  const { url, user, password } = server;
  return {
    NATS_URL: url,
    NATS_USER: user,
    NATS_PASSWORD: password,
    FORGE_DATA_DIR: dataDir,
    FORGE_THREADS: '1',
    FORGE_METRICS_TOKEN: METRICS_TOKEN,
    FORGE_ARTIFACTS: artifacts,
  };
}

/** The metrics of a test service. */
export function fetchMetrics(url: string): Promise<Response> {
  return fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
}
