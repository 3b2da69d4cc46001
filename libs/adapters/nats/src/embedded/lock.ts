import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ForgeError } from '@agent-forge/contracts';

/** A server whose parent was killed needs a moment to write everything down and end. */
const WAIT_MS = 3_000;
const POLL_MS = 50;

/**
 * Makes sure that one process at a time uses a data directory: two servers on one JetStream store would destroy it.
 * @param path the lock file
 * @returns `record` adds a process that must be gone too before the lock is free; `release` gives it back
 * @throws ForgeError FILE_EXISTS when a living process holds it
 */
export async function lockFile(
  path: string,
): Promise<{ record(pid: number): Promise<void>; release(): Promise<void> }> {
  await mkdir(dirname(path), { recursive: true });
  const deadline = Date.now() + WAIT_MS;
  while (!(await create(path))) {
    const holder = await livingHolder(path);
    if (holder === undefined) {
      await removeStale(path);
    } else if (Date.now() > deadline) {
      throw new ForgeError(
        'FILE_EXISTS',
        `the data directory ${dirname(path)} is in use by process ${holder}; stop that one first, or choose another data directory`,
      );
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

/** Takes a lock file of dead processes away. By then a rival may have done so and hold a new one: that is put back. */
async function removeStale(path: string): Promise<void> {
  const taken = `${path}.${randomUUID()}`;
  try {
    await rename(path, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await livingHolder(taken)) !== undefined) await link(taken, path).catch(() => undefined);
  await rm(taken, { force: true });
}

/** A process that stands in the lock file and still lives. */
export async function livingHolder(path: string): Promise<string | undefined> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter(Boolean);
  for (const line of lines) {
    const [pid = ''] = line.split(' ');
    if ((await identity(Number(pid))) === line) return pid;
  }
  return undefined;
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
