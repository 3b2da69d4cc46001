import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../cli.js', import.meta.url));

/** How a command ended, and all that it printed. */
export interface Finished {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Started {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  /** What it has printed so far. */
  readonly output: { stdout: string; stderr: string };
}

/** Where a command is started. */
export interface Place {
  readonly cwd: string;
  /** Added to its environment. */
  readonly env?: Record<string, string>;
  /** What it reads on standard input; nothing unless given. */
  readonly input?: string;
}

/** Starts the real `forge` command in a process of its own. @param place its folder, or more than that */
export function startForge(place: string | Place, ...args: string[]): Started {
  const { cwd, env = {}, input } = typeof place === 'string' ? { cwd: place } : place;
  // Whoever runs the tests may be logged in somewhere.
  const options = { cwd, env: { ...process.env, XDG_CONFIG_HOME: join(resolve(cwd), '.config'), ...env } };
  const child = spawn(process.execPath, [CLI, ...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (output.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()));
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }));
  return { child, finished, output };
}

/** Runs `forge` to its end. */
export function forge(cwd: string, ...args: string[]): Promise<Finished> {
  return startForge(cwd, ...args).finished;
}
