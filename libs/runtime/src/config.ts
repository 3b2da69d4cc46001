import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import type { NatsOptions, StreamsMode } from '@agent-forge/nats';
import { EnvReader } from './env.js';
import { readNatsConfig } from './nats-config.js';

/** What every service is told by its environment. */
export interface BaseConfig {
  /** `FORGE_DATA_DIR`: where artifacts and scratch files lie; shared by all services of one machine. */
  readonly dataDir: string;
  /** `FORGE_HOST` (default 127.0.0.1) and `FORGE_PORT` (0: any free one): where it listens. */
  readonly host: string;
  readonly port: number;
  /** `FORGE_LOG_LEVEL`: trace, debug, info, warn, error, fatal or silent (default info). */
  readonly logLevel: string;
  /** `FORGE_LOG_FILE`: where log lines go (default: standard error). */
  readonly logFile: string | undefined;
  /** `FORGE_CODE_VERSION`: the version that lineages name (default: development). */
  readonly codeVersion: string;
}

/** What a service that works on runs is told besides. */
export interface ServiceConfig extends BaseConfig {
  /** `NATS_URL` and the rest of {@link readNatsConfig}. */
  readonly nats: Omit<NatsOptions, 'name'>;
  /** `FORGE_NATS_REPLICAS`: copies of each message in a cluster (default 1). */
  readonly natsReplicas: number;
  /** `FORGE_STREAMS`: `ensure` makes the streams at the start (default), `await` waits until an administrator has (`forge broker prepare`). */
  readonly streams: StreamsMode;
  /** `FORGE_ARTIFACTS`: where artifacts lie: `fs`, below the data directory (default), or `nats`, in JetStream's object store. */
  readonly artifacts: 'fs' | 'nats';
  /** `FORGE_THREADS`: threads that a phase may keep busy (default: those of the machine). */
  readonly threads: number;
  /** `FORGE_METRICS_TOKEN`: the bearer token for `/metrics` of phases; without it they answer nobody. */
  readonly metricsToken: string | undefined;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const MAX_PORT = 65_535;
/** JetStream keeps at most five copies. */
const MAX_REPLICAS = 5;
const MAX_THREADS = 256;

/**
 * Reads the environment of a service.
 * @param defaultPort where it listens when `FORGE_PORT` says nothing
 * @throws ForgeError INVALID_ARGUMENT with every mistake at once
 */
export function readConfig(env: NodeJS.ProcessEnv, defaultPort = 0): ServiceConfig {
  const reader = new EnvReader(env);
  const config: ServiceConfig = {
    nats: readNatsConfig(reader),
    natsReplicas: readReplicas(reader),
    ...readBaseConfig(reader, defaultPort),
    streams: reader.oneOf('FORGE_STREAMS', 'ensure', ['ensure', 'await']),
    artifacts: reader.oneOf('FORGE_ARTIFACTS', 'fs', ['fs', 'nats']),
    threads: reader.integer('FORGE_THREADS', availableParallelism(), 1, MAX_THREADS),
    metricsToken: reader.text('FORGE_METRICS_TOKEN'),
  };
  reader.check();
  return config;
}

/** Copies of each message in a cluster. */
export function readReplicas(reader: EnvReader): number {
  return reader.integer('FORGE_NATS_REPLICAS', 1, 1, MAX_REPLICAS);
}

/** The part that services without a broker need as well; the caller asks the reader for its verdict. */
export function readBaseConfig(reader: EnvReader, defaultPort = 0): BaseConfig {
  const dataDir = reader.required('FORGE_DATA_DIR', 'the folder for artifacts and scratch files');
  return {
    dataDir: resolve(dataDir),
    host: reader.text('FORGE_HOST') ?? '127.0.0.1',
    port: reader.integer('FORGE_PORT', defaultPort, 0, MAX_PORT),
    logLevel: reader.oneOf('FORGE_LOG_LEVEL', 'info', LOG_LEVELS),
    logFile: reader.text('FORGE_LOG_FILE'),
    codeVersion: reader.text('FORGE_CODE_VERSION') ?? 'development',
  };
}

/** Where the artifact store of a data directory lies. */
export function artifactsDir(dataDir: string): string {
  return join(dataDir, 'artifacts');
}

/** Where the scratch folders of a data directory lie. */
export function workDir(dataDir: string): string {
  return join(dataDir, 'work');
}
