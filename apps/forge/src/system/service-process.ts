import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ForgeError } from '@agent-forge/contracts';
import type { ReadyMessage } from '@agent-forge/runtime';
import { logFileOf, serviceEnv, STOP_TIMEOUT_MS, type RunningService } from './service.js';

/** A start takes a second or two; on a machine that is busy with something else it may take much longer. */
const READY_TIMEOUT_MS = 60_000;
/** Of what a service says on standard error, the end is kept: that is where the reason stands. */
const KEPT_LENGTH = 2_000;

/** Starts a service as a process of its own: the `./main` of the package of its name. */
export function launchService(name: string, dataDir: string, env: Record<string, string>): RunningService {
  const logFile = logFileOf(name, dataDir);
  const child = fork(fileURLToPath(import.meta.resolve(`@agent-forge/${name}/main`)), {
    env: serviceEnv(name, dataDir, env),
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // A process group of its own: a Ctrl-C in the terminal reaches us alone, and we end things in order.
    detached: true,
  });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-KEPT_LENGTH)));
  const ended = once(child, 'close').then(([code, killer]) =>
    failure(name, said, String(killer ?? `exit code ${code}`), logFile),
  );
  const ready = firstWord(child, ended, `${name} does not become ready; see ${logFile}`);
  // Whoever stops a service before it is ready need not listen.
  ready.catch(() => undefined);
  return { name, pid: child.pid!, ready, ended, stop: () => stop(child, ended) };
}

async function firstWord(child: ChildProcess, ended: Promise<ForgeError>, problem: string): Promise<string> {
  const late = AbortSignal.timeout(READY_TIMEOUT_MS);
  const message = once(child, 'message', { signal: late }).catch((error: unknown) => {
    throw new ForgeError('SERVICE_FAILED', problem, error);
  });
  const first = await Promise.race([message, ended]);
  if (first instanceof ForgeError) throw first;
  return (first[0] as ReadyMessage).url;
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(timer);
}

/** A failed start is one line, `CODE: message`; of anything else the last line is the best there is. */
function failure(name: string, said: string, how: string, logFile: string): ForgeError {
  const lastLine = said.trim().split('\n').at(-1) ?? '';
  const [, , message = lastLine] = /^([A-Z_]+): (.*)$/.exec(lastLine) ?? [];
  const why = message ? `: ${message}` : ` (${how})`;
  return new ForgeError('SERVICE_FAILED', `${name} ended${why}; its log is ${logFile}`);
}
