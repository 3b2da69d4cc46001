import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { PeerError } from './peer.mjs';

const PRELOAD = new URL('./peak-memory.mjs', import.meta.url).href;

/**
 * Runs a program of ours in a process of its own.
 * @returns seconds, its peak of memory in bytes, when it first said something on stderr, and what it said on stdout
 */
export async function measureNode(...args) {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', PRELOAD, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '', peak: '' };
  let firstLineMs = null;
  child.stdout.on('data', (chunk) => (said.stdout += chunk));
  child.stderr.on('data', (chunk) => {
    firstLineMs ??= performance.now() - start;
    said.stderr += chunk;
  });
  child.stdio[3].on('data', (chunk) => (said.peak += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new PeerError(`${args.join(' ')} failed: ${said.stderr.trim()}`);
  return {
    seconds: (performance.now() - start) / 1000,
    peakBytes: Number(said.peak),
    firstLineMs,
    stdout: said.stdout,
  };
}
