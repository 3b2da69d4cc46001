import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, freemem } from 'node:os';
import { join } from 'node:path';
import { runInWorker } from '@agent-forge/tensor/worker';
import type { RateJob } from './rate-job.js';

/** How fast this machine trains, and what it was when that was measured. */
interface KeptRate {
  readonly machine: string;
  readonly trainFlopsPerSecond: number;
}

/** Kept in the data directory: a machine does not change from one run to the next. */
const FILE = 'machine.json';
const RATE_JOB = new URL('./rate-job.js', import.meta.url);

/** Where a measured rate is kept, and how it is measured. */
export interface RateOptions {
  /** Keeps the rate, so that it is measured once. */
  readonly dataDir?: string;
  /** Default: all of the machine. */
  readonly threads?: number;
  /** Measures even where a rate is kept. The faster of both counts: other programs only ever make a machine slower. */
  readonly again?: boolean;
  /** Takes a usual machine's rate where none is kept, instead of measuring. */
  readonly isRough?: boolean;
}

/** Of two cores with AVX2. */
const USUAL_RATE = 1e11;
/** Who wants to know at the same time waits for one measurement. */
const measuring = new Map<number, Promise<number>>();

/**
 * Operations per second of training on this machine, as the phases' estimates count them. Measured in a thread of its own, in about a second on a machine
 * with nothing else to do.
 */
export async function trainingRate(options: RateOptions = {}): Promise<number> {
  const { dataDir, threads = availableParallelism(), again, isRough } = options;
  const machine = [cpus()[0]?.model, cpus().length, threads, process.version, process.arch].join(' / ');
  const kept = dataDir === undefined ? undefined : await readRate(join(dataDir, FILE), machine);
  if (kept !== undefined && !again) return kept;
  if (isRough) return USUAL_RATE;
  const measured = await measureOnce(threads);
  const trainFlopsPerSecond = Math.max(measured, kept ?? 0);
  if (dataDir !== undefined) await keepRate(dataDir, { machine, trainFlopsPerSecond });
  return trainFlopsPerSecond;
}

function measureOnce(threads: number): Promise<number> {
  const running = measuring.get(threads) ?? runInWorker<RateJob, number>(RATE_JOB, { threads });
  measuring.set(threads, running);
  return running.finally(() => measuring.delete(threads));
}

async function readRate(path: string, machine: string): Promise<number | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as KeptRate;
    return kept.machine === machine && kept.trainFlopsPerSecond > 0 ? kept.trainFlopsPerSecond : undefined;
  } catch {
    // Not measured yet, or not whole: it is measured again.
    return undefined;
  }
}

/** Appears whole. A data directory that cannot be written only costs the time to measure again. */
async function keepRate(dataDir: string, rate: KeptRate): Promise<void> {
  const scratch = join(dataDir, `${FILE}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(scratch, `${JSON.stringify(rate, null, 2)}\n`);
    await rename(scratch, join(dataDir, FILE));
  } catch {
    await rm(scratch, { force: true }).catch(() => undefined);
  }
}

/** What is free on this machine. */
export interface FreeResources {
  readonly memoryMiB: number;
  readonly diskMiB: number;
}

/** Memory that a new process could have, and disk below a folder. */
export async function freeResources(dir: string): Promise<FreeResources> {
  const { bavail, bsize } = await statfs(dir);
  const memory = process.availableMemory?.() ?? freemem();
  return { memoryMiB: memory / 2 ** 20, diskMiB: (bavail * bsize) / 2 ** 20 };
}
