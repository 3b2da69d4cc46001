import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const LOCK = new URL('./lock.js', import.meta.url).href;

/** Takes the lock some times and says when it is inside; the process dies there in its last round, where it is to. */
const WORKER = `
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from '${LOCK}';
const [path, log, rounds, dies] = process.argv.slice(1);
for (let round = 1; round <= Number(rounds); round++) {
  const lock = await lockFile(path, { waitMs: 60_000 });
  appendFileSync(log, 'in ' + process.pid + '\\n');
  await sleep(2);
  if (dies === 'true' && round === Number(rounds)) process.kill(process.pid, 'SIGKILL');
  appendFileSync(log, 'out ' + process.pid + '\\n');
  await lock.release();
}`;

test('of many processes one at a time holds a lock, also when some die while they do', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-lock-'));
  const [path, log] = [join(dir, 'lock'), join(dir, 'log')];
  const workers = Array.from({ length: 12 }, (_, i) => {
    const args = ['--input-type=module', '-e', WORKER, path, log, '4', String(i % 2 === 0)];
    return once(spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'close');
  });
  const codes = (await Promise.all(workers)).map(([code]) => code as number | null);
  expect(codes).toEqual(Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? null : 0)));

  const told = (await readFile(log, 'utf8')).trim().split('\n');
  expect(told.filter((line) => line.startsWith('in '))).toHaveLength(12 * 4);
  const dead = new Set<string>();
  for (let i = 0; i < told.length; i++) {
    const [what, pid] = told[i]!.split(' ');
    expect([i, what]).toEqual([i, 'in']);
    expect(dead.has(pid!)).toBe(false);
    if (told[i + 1] === `out ${pid}`) i++;
    else dead.add(pid!);
  }
  expect(dead.size).toBe(6);
  // Of the dead the last one's lock may lie there still, and nothing else does.
  expect((await readdir(dir)).filter((name) => name !== 'lock').sort()).toEqual(['log']);
  await rm(dir, { recursive: true });
}, 90_000);
