import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '@agent-forge/contracts';
import { phases } from '@agent-forge/phases';
import { openPhaseService, type Service } from '@agent-forge/runtime';
import { logFileOf, serviceEnv, STOP_TIMEOUT_MS, type RunningService } from './service.js';

/** A package that is a service of its own kind. */
interface ServicePackage {
  /** Starts it by its environment. */
  openService(env: NodeJS.ProcessEnv): Promise<Service>;
}

/** Starts a service in this process. It lives as long as the process does. */
export function startServiceHere(name: string, dataDir: string, env: Record<string, string>): RunningService {
  const opened = open(name, serviceEnv(name, dataDir, env)).catch((thrown: unknown) => {
    const { message } = ForgeError.from(thrown);
    throw new ForgeError('SERVICE_FAILED', `${name} ended: ${message}; its log is ${logFileOf(name, dataDir)}`, thrown);
  });
  const ready = opened.then(({ url }) => url);
  // Whoever stops a service before it is ready need not listen.
  ready.catch(() => undefined);
  const stop = async () => {
    const service = await opened.catch(() => undefined);
    const late = new AbortController();
    await Promise.race([service?.close(), sleep(STOP_TIMEOUT_MS, undefined, { signal: late.signal, ref: false })]);
    late.abort();
  };
  return { name, pid: process.pid, ready, ended: new Promise(() => undefined), stop };
}

async function open(name: string, env: NodeJS.ProcessEnv): Promise<Service> {
  const phase = phases.find((candidate) => candidate.name === name);
  if (phase !== undefined) return openPhaseService(phase, env);
  // Apps do not know each other; a service is found by the name of its package, as a process is.
  const { openService } = (await import(`@agent-forge/${name}`)) as ServicePackage;
  return openService(env);
}
