import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { phases } from '@agent-forge/phases';
import { readModelFolder } from '@agent-forge/model';
import type { DemoSummary } from '../demo/summary.js';
import { forge, startForge } from '../testing/command.js';

/** nats-server, auth and gateway, and every phase. */
const PROCESSES = 3 + phases.length;

/** Of recipes/from-text.yaml. */
const PHASES = ['cognate', 'evomerge', 'quietstar', 'bitnet', 'training', 'adas', 'compression'];

const BOOK = new URL('../../../../recipes/data/emma.txt', import.meta.url);
/** Enough that every part of the split has some. */
const TEXT_BYTES = 200_000;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-demo-'));
  await writeFile(join(dir, 'text.txt'), (await readFile(BOOK)).subarray(0, TEXT_BYTES));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let i = 0; i < 1_200; i++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error(`waited in vain until ${what}`);
}

const lives = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The processes that a system on this data directory started: each service writes its id into its log, the broker into a file. */
async function processesOf(dataDir: string): Promise<number[]> {
  const logs = await readdir(join(dataDir, 'logs'));
  const pids = new Set<number>();
  for (const log of logs) {
    const lines = (await readFile(join(dataDir, 'logs', log), 'utf8')).trim().split('\n');
    for (const line of lines) pids.add((JSON.parse(line) as { pid: number }).pid);
  }
  const broker = await readFile(join(dataDir, 'nats', 'nats-server.pid'), 'utf8').catch(() => undefined);
  return [...pids, ...(broker ? [Number(broker)] : [])];
}

describe('forge demo', () => {
  const demo = ['demo', '--text', 'text.txt', '--data-dir', 'data'];
  /** One that would go on for many minutes; by steps, so that it does not measure first what fits into a time, and not more than a disk has room for. */
  const endless = [...demo, '--steps', '20000'];
  /** After six steps a gate says nothing, and the search and the choice are others' to test. */
  const quick = [
    'bitnet.minRetention=0',
    'bitnet.control=false',
    'bitnet.exports=[]',
    'bitnet.speedTokens=0',
    'training.arms=[plain]',
    'evomerge.evaluations=12',
    'quietstar.steps=2',
    'quietstar.itemsPerFamily=20',
    'adas.generations=0',
    'compression.candidates=[tq1+int8, rans+int8]',
    'compression.exports=[]',
  ].flatMap((set) => ['--set', set]);
  const lost: string[] = [];

  test('ends in order on Ctrl-C: no process stays, and the exit code says so', async () => {
    const { child, finished, output } = startForge(dir, ...endless);
    await eventually(() => output.stdout.includes('train trunk'), 'training has begun');
    child.kill('SIGINT');
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([130, 'forge: stopped (CANCELLED)\n']);
    expect((await processesOf(join(dir, 'data'))).filter(lives)).toEqual([]);
  });

  test('takes its processes with it when it is killed', async () => {
    const { child, finished, output } = startForge(dir, ...endless);
    await eventually(() => output.stdout.includes('train trunk'), 'training has begun');
    const left = (await processesOf(join(dir, 'data'))).filter(lives);
    expect(left).toHaveLength(PROCESSES);
    child.kill('SIGKILL');
    await finished;
    await eventually(() => !left.some(lives), 'all processes have ended');
    lost.push(/run (\w+) at/.exec(output.stdout)![1]!);
  });

  test('makes a model that can be read out of a text, and prints one line of JSON', async () => {
    const { code, stdout, stderr } = await forge(dir, ...demo, '--json', '--steps', '6', ...quick);
    expect([code, stderr]).toEqual([0, expect.stringContaining('train seed-second')]);
    // Only that of the killed one: the interrupted one has cancelled its own.
    expect([lost.length, stderr]).toEqual([1, expect.stringContaining('cancelled 1 unfinished run(s)')]);
    for (const phase of PHASES) expect(stderr).toMatch(new RegExp(`${phase} +\\[#+\\]  done in`));
    expect(stdout.trim().split('\n')).toHaveLength(1);
    const { phases, model, run, artifactId, closing } = JSON.parse(stdout) as DemoSummary;
    for (const speed of Object.values(closing!.speed)) expect(speed).toBeGreaterThan(0);
    expect(phases.map(({ phase }) => phase)).toEqual(PHASES);
    const { rows } = phases[1]!.report;
    expect(rows.find(({ name }) => name === 'champion')).toMatchObject({ sizeBytes: expect.any(Number) });
    const bits = new Map(rows.map(({ name, bitsPerByte }) => [name, bitsPerByte!]));
    const models = ['trunk', 'seed-first', 'seed-second', 'generalist', 'average', 'champion'];
    expect([...bits.keys()]).toEqual(['one-gram', 'three-gram', ...models]);
    for (const each of bits.values()) expect(each > 1 && each < 8).toBe(true);
    expect(bits.get('three-gram')).toBeLessThan(bits.get('one-gram')!);
    expect(model).toBe(join(dir, 'data', 'models', run));
    expect((await readModelFolder(model)).config.hiddenSize).toBe(256);
    // The artifact that the run names is the folder that lies there.
    const manifest = await readFile(join(dir, 'data', 'artifacts', 'manifests', artifactId), 'utf8');
    const weights = createHash('sha256').update(await readFile(join(model, 'model.safetensors')));
    expect(manifest).toContain(weights.digest('hex'));
    expect((await processesOf(join(dir, 'data'))).filter(lives)).toEqual([]);
  }, 300_000);

  test('wants nothing of its broker that an identity of a service may not have', async () => {
    expect(await readFile(join(dir, 'data', 'nats', 'nats-server.log'), 'utf8')).not.toContain('Violation');
  });

  test('keeps its secret to its owner', async () => {
    const path = join(dir, 'data', 'auth', 'admin.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { clientSecret } = JSON.parse(await readFile(path, 'utf8')) as { clientSecret: string };
    for (const log of await readdir(join(dir, 'data', 'logs'))) {
      expect(await readFile(join(dir, 'data', 'logs', log), 'utf8')).not.toContain(clientSecret);
    }
  });
});
