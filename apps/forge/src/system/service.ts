import { join } from 'node:path';
import type { ForgeError } from '@agent-forge/contracts';

/** A service that is being started or runs. */
export interface RunningService {
  readonly name: string;
  /** The process that it runs in. */
  readonly pid: number;
  /** Its URL, once it takes work; rejects with SERVICE_FAILED when that does not come to pass. */
  readonly ready: Promise<string>;
  /** Settles when it has ended by itself, with an error that says how. */
  readonly ended: Promise<ForgeError>;
  /** Asks it to end, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts a service by its name. @param env added to that of this process */
export type ServiceStarter = (name: string, dataDir: string, env: Record<string, string>) => RunningService;

/** Services end in order within 20 s, or kill themselves; for one that does neither nobody waits longer. */
export const STOP_TIMEOUT_MS = 25_000;

/** Where a service's log lies. */
export function logFileOf(name: string, dataDir: string): string {
  return join(dataDir, 'logs', `${name}.log`);
}

/** The environment of a service. */
export function serviceEnv(name: string, dataDir: string, env: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...env, FORGE_DATA_DIR: dataDir, FORGE_LOG_FILE: logFileOf(name, dataDir) };
}
