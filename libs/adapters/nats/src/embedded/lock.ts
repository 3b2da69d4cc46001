import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '@agent-forge/contracts';

/** A server whose parent was killed needs a moment to write everything down and end. */
const WAIT_MS = 3_000;
const POLL_MS = 50;
/** Looking whether a lock is stale takes a few reads of files. */
const GUARD_POLL_MS = 5;

/** How a lock is waited for. */
export interface LockOptions {
  /** How long to wait for a living process that holds it. */
  readonly waitMs?: number;
  /** What to say when that was not enough. */
  readonly problem?: (holder: string) => string;
}

/**
 * Makes sure that one process at a time uses something, by default a data directory: two servers on one JetStream store would destroy it.
 * @param path the lock file
 * @returns `record` adds a process that must be gone too before the lock is free; `release` gives it back
 * @throws ForgeError FILE_EXISTS when a living process holds it
 */
export async function lockFile(
  path: string,
  { waitMs = WAIT_MS, problem = inUse(path) }: LockOptions = {},
): Promise<{ record(pid: number): Promise<void>; release(): Promise<void> }> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + waitMs;
  while (!(await create(path))) {
    const holder = await livingHolder(path);
    if (holder === undefined) {
      await removeStale(path);
    } else if (Date.now() > deadline) {
      throw new ForgeError('FILE_EXISTS', problem(holder));
    } else {
      await sleep(POLL_MS);
    }
  }
  const file = await open(path, 'a');
  return {
    record: async (pid) => {
      await file.writeFile(`${await identity(pid)}\n`);
    },
    release: async () => {
      await file.close();
      await rm(path, { force: true });
    },
  };
}

function inUse(path: string): (holder: string) => string {
  return (holder) =>
    `the data directory ${dirname(path)} is in use by process ${holder}; stop that one first, or choose another data directory`;
}

/** The file appears with this process in it, or not at all: a rival never reads an empty one. */
async function create(path: string): Promise<boolean> {
  const own = `${path}.${randomUUID()}`;
  await writeFile(own, `${await identity(process.pid)}\n`, { mode: 0o600 });
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(own, { force: true });
  }
}

/**
 * Takes a lock file of dead processes away, and never that of a rival who did so before: only whoever holds a second lock may, and looks again.
 * A process would have to die inside of that for two to hold the second one.
 */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}.stale`;
  if (!(await create(guard))) {
    await removeOfDead(guard);
    await sleep(GUARD_POLL_MS);
    return;
  }
  try {
    await removeOfDead(path);
  } finally {
    await rm(guard, { force: true });
  }
}

/**
 * Whoever gave a lock back may have ended just then, and a rival may hold the file that is there now. It still is that of the dead only if it says the same
 * once they are known to be dead: from then on they cannot give it back.
 */
async function removeOfDead(path: string): Promise<void> {
  const text = await readText(path);
  if (text === '' || (await livingIn(text)) !== undefined) return;
  if ((await readText(path)) === text) await rm(path, { force: true });
}

/** A process that stands in the lock file and still lives. */
export async function livingHolder(path: string): Promise<string | undefined> {
  return livingIn(await readText(path));
}

async function livingIn(text: string): Promise<string | undefined> {
  for (const line of text.split('\n').filter(Boolean)) {
    const [pid = ''] = line.split(' ');
    if ((await identity(Number(pid))) === line) return pid;
  }
  return undefined;
}

/** Empty where there is no file. */
function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

/** A process id together with its start time where the system tells it, since ids are used again; empty when there is no such process. */
async function identity(pid: number): Promise<string> {
  if (!Number.isInteger(pid) || pid <= 0) return '';
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return '';
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Fields after the parenthesised name: state is the first, start time the twentieth (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? '' : `${pid} ${fields[19] ?? 'unknown'}`;
}
