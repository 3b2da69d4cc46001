import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { phases } from '@agent-forge/phases';
import { startTestBroker } from '@agent-forge/nats/testing';
import { forge, startForge, type Started } from '../testing/command.js';

/** nats-server, auth and gateway, and every phase. */
const PROCESSES = 3 + phases.length;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'agent-forge-up-'));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const lives = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Starts `forge up` on any free port and waits until it has said what runs, row by row. */
async function up(env: Record<string, string>, ...args: string[]): Promise<Started & { rows: Map<string, string> }> {
  const started = startForge({ cwd, env: { NATS_URL: '', ...env } }, 'up', '--port', '0', ...args);
  for (let i = 0; i < 1_200 && !started.output.stdout.includes('\nstop '); i++) {
    if (started.child.exitCode !== null) throw new Error(started.output.stderr);
    await sleep(50);
  }
  const lines = started.output.stdout.trim().split('\n');
  return { ...started, rows: new Map(lines.map((line) => [line.slice(0, 10).trim(), line.slice(11)])) };
}

const urlIn = (row: string | undefined) => /https?:\/\/[^ ]+/.exec(row ?? '')![0];
const pidsIn = (row: string | undefined) => [...(row ?? '').matchAll(/ (\d+)/g)].map(([, pid]) => Number(pid));

describe('forge up', () => {
  test('runs all services in one process beside its broker, says so, refuses a second one, and ends in order', async () => {
    const { child, finished, rows } = await up({});
    expect([...rows.keys()]).toEqual(['gateway', 'auth', 'login', 'nats', 'processes', 'data', 'stop']);
    for (const path of ['health', 'ready'])
      expect((await fetch(`${urlIn(rows.get('gateway'))}/${path}`)).status).toBe(200);
    expect((await fetch(`${urlIn(rows.get('auth'))}/ready`)).status).toBe(200);
    const pids = pidsIn(rows.get('processes'));
    // Commands beside it find it by its data directory, whatever its port.
    const runs = await forge(cwd, 'runs', '--json');
    expect([runs.code, runs.stderr, JSON.parse(runs.stdout)]).toEqual([0, '', { runs: [] }]);
    expect(pids).toHaveLength(2);
    expect(pids).toContain(child.pid);
    for (const name of ['auth', 'gateway', 'cognate', 'evomerge']) expect(rows.get('processes')).toContain(name);

    const second = await forge(cwd, 'up', '--port', '0');
    expect(second.code).toBe(1);
    expect(second.stdout).toBe('');
    expect(second.stderr).toMatch(
      new RegExp(
        `^forge: the data directory \\S+/forge-data is in use by process ${child.pid}; .* \\(FILE_EXISTS\\)\\n$`,
      ),
    );

    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([0, '']);
    expect(pids.filter(lives)).toEqual([]);
    expect(await readdir(cwd)).toEqual(['forge-data']);
    expect((await readdir(join(cwd, 'forge-data'))).sort()).toEqual(['artifacts', 'auth', 'logs', 'nats', 'work']);
  });

  test('runs each service as a process of its own with --processes, and ends with the reason when one dies', async () => {
    const { finished, rows } = await up({}, '--processes');
    const pids = pidsIn(rows.get('processes'));
    expect(new Set(pids).size).toBe(PROCESSES);
    process.kill(Number(/cognate (\d+)/.exec(rows.get('processes')!)![1]), 'SIGKILL');
    const { code, stderr } = await finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^forge: cognate ended \(SIGKILL\); its log is \S+cognate\.log \(SERVICE_FAILED\)\n$/);
    expect(pids.filter(lives)).toEqual([]);
  });

  test('uses the broker of NATS_URL, and leaves it running', async () => {
    const broker = await startTestBroker();
    try {
      const { url, user, password, pid } = broker.server;
      const env = { NATS_URL: url.replace('//', `//${user}:${password}@`) };
      const { child, finished, rows } = await up(env, '--data-dir', 'other');
      expect(rows.get('nats')).toBe(`${url}  (not ours: it stays)`);
      expect(pidsIn(rows.get('processes'))).toEqual([child.pid]);
      expect((await fetch(`${urlIn(rows.get('gateway'))}/ready`)).status).toBe(200);
      child.kill('SIGTERM');
      expect((await finished).code).toBe(0);
      expect(lives(pid)).toBe(true);
      expect((await readdir(join(cwd, 'other'))).sort()).toEqual(['artifacts', 'auth', 'logs', 'work']);
    } finally {
      await broker.stop();
    }
  });

  test('says in one line that something else has its port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const taken = await forge(cwd, 'up', '--port', String(port), '--data-dir', 'taken');
    other.close();
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringMatching(
        new RegExp(`^forge: gateway ended: port ${port} of 127\\.0\\.0\\.1 is in use.*\\(SERVICE_FAILED\\)\n$`),
      ),
    ]);
  });

  test('says in one line that the broker of NATS_URL does not answer', async () => {
    const place = { cwd, env: { NATS_URL: 'nats://127.0.0.1:1' } };
    const { code, stderr } = await startForge(place, 'up', '--port', '0', '--data-dir', 'alone').finished;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^forge: \w+ ended: .*127\.0\.0\.1:1.* \(SERVICE_FAILED\)\n$/);
  });
});
