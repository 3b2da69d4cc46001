import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { ForgeError } from '@agent-forge/contracts';
import type { NatsOptions } from '@agent-forge/nats';

/** What a service is told by its environment. */
export interface ServiceConfig {
  /** `NATS_URL`, `NATS_USER`, `NATS_PASSWORD` or `NATS_TOKEN`. */
  readonly nats: Omit<NatsOptions, 'name'>;
  /** `FORGE_NATS_REPLICAS`: copies of each message in a cluster (default 1). */
  readonly natsReplicas: number;
  /** `FORGE_DATA_DIR`: where artifacts and scratch files lie; shared by all services of one machine. */
  readonly dataDir: string;
  /** `FORGE_HOST` (default 127.0.0.1) and `FORGE_PORT` (default 0: any free one) of the health endpoints. */
  readonly host: string;
  readonly port: number;
  /** `FORGE_THREADS`: threads that a phase may keep busy (default: those of the machine). */
  readonly threads: number;
  /** `FORGE_LOG_LEVEL`: trace, debug, info, warn, error, fatal or silent (default info). */
  readonly logLevel: string;
  /** `FORGE_LOG_FILE`: where log lines go (default: standard error). */
  readonly logFile: string | undefined;
  /** `FORGE_CODE_VERSION`: the version that lineages name (default: development). */
  readonly codeVersion: string;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const MAX_PORT = 65_535;
/** JetStream keeps at most five copies. */
const MAX_REPLICAS = 5;
const MAX_THREADS = 256;

/**
 * Reads the environment of a service.
 * @throws ForgeError INVALID_ARGUMENT with every mistake at once
 */
export function readConfig(env: NodeJS.ProcessEnv): ServiceConfig {
  const problems: string[] = [];
  const text = (name: string) => env[name]?.trim() || undefined;
  const required = (name: string, meaning: string) => {
    const value = text(name);
    if (value === undefined) problems.push(`${name} is missing (${meaning})`);
    return value ?? '';
  };
  const integer = (name: string, fallback: number, minimum: number, maximum: number) => {
    const value = Number(text(name) ?? fallback);
    if (!Number.isInteger(value) || value < minimum || value > maximum) {
      problems.push(`${name}=${env[name]} is not a whole number from ${minimum} to ${maximum}`);
    }
    return value;
  };
  const logLevel = text('FORGE_LOG_LEVEL') ?? 'info';
  if (!LOG_LEVELS.includes(logLevel)) problems.push(`FORGE_LOG_LEVEL=${logLevel} is none of ${LOG_LEVELS.join(', ')}`);
  const login = { user: text('NATS_USER'), pass: text('NATS_PASSWORD'), token: text('NATS_TOKEN') };
  const config: ServiceConfig = {
    nats: {
      servers: required('NATS_URL', 'for example nats://127.0.0.1:4222'),
      ...(Object.fromEntries(Object.entries(login).filter(([, value]) => value !== undefined)) as object),
    },
    natsReplicas: integer('FORGE_NATS_REPLICAS', 1, 1, MAX_REPLICAS),
    dataDir: resolve(required('FORGE_DATA_DIR', 'the folder for artifacts and scratch files')),
    host: text('FORGE_HOST') ?? '127.0.0.1',
    port: integer('FORGE_PORT', 0, 0, MAX_PORT),
    threads: integer('FORGE_THREADS', availableParallelism(), 1, MAX_THREADS),
    logLevel,
    logFile: text('FORGE_LOG_FILE'),
    codeVersion: text('FORGE_CODE_VERSION') ?? 'development',
  };
  if (problems.length > 0)
    throw new ForgeError('INVALID_ARGUMENT', `the environment is refused: ${problems.join('; ')}`);
  return config;
}

/** Where the artifact store of a data directory lies. */
export function artifactsDir(dataDir: string): string {
  return join(dataDir, 'artifacts');
}

/** Where the scratch folders of a data directory lie. */
export function workDir(dataDir: string): string {
  return join(dataDir, 'work');
}
