import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
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

  test('keeps its secret to its owner', async () => {
    const path = join(dir, 'data', 'auth', 'admin.json');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const { clientSecret } = JSON.parse(await readFile(path, 'utf8')) as { clientSecret: string };
    for (const log of await readdir(join(dir, 'data', 'logs'))) {
      expect(await readFile(join(dir, 'data', 'logs', log), 'utf8')).not.toContain(clientSecret);
    }
  });
});

describe('what is wrong is said in one line', () => {
  const oneLine = (stderr: string) => stderr.trim().split('\n');

  test('a text that is not there, before anything is started', async () => {
    const { code, stderr } = await forge(dir, 'demo', '--text', 'nowhere.txt', '--data-dir', 'none');
    expect([code, oneLine(stderr)]).toEqual([
      1,
      ['forge: nowhere.txt does not exist or cannot be read (FILE_NOT_FOUND)'],
    ]);
    await expect(access(join(dir, 'none'))).rejects.toThrow('ENOENT');
  });

  test('a folder instead of a text, and options that are nonsense', async () => {
    const folder = await forge(dir, 'demo', '--text', '.');
    expect([folder.code, folder.stderr]).toEqual([1, expect.stringContaining('is no file')]);
    const unknown = await forge(dir, 'demo', '--txt', 'text.txt');
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("unknown option '--txt'")]);
    const steps = await forge(dir, 'demo', '--steps', 'many');
    expect([steps.code, steps.stderr]).toEqual([1, expect.stringContaining('whole number')]);
  });

  test('a broker that cannot be used', async () => {
    const place = { cwd: dir, env: { NATS_SERVER_BIN: '/nonexistent' } };
    const { code, stderr } = await startForge(place, 'demo', '--data-dir', 'nobroker').finished;
    expect([code, oneLine(stderr)]).toEqual([
      1,
      [expect.stringContaining('NATS_SERVER_BIN=/nonexistent cannot be used')],
    ]);
  });

  test('bytes that are no text, before anything is started', async () => {
    await writeFile(join(dir, 'bytes.bin'), Buffer.from([0x48, 0x69, 0x0a, 0xff, 0xfe, 0x00]));
    const { code, stderr } = await forge(dir, 'demo', '--text', 'bytes.bin', '--data-dir', 'bytes');
    expect([code, oneLine(stderr)]).toEqual([1, [expect.stringMatching(/plain UTF-8 text \(RECIPE_INVALID\)/)]]);
    await expect(access(join(dir, 'bytes'))).rejects.toThrow('ENOENT');
  });

  test('a text that is too short for a split is refused before anything starts', async () => {
    await writeFile(join(dir, 'short.txt'), 'A short text.\n');
    const { code, stderr } = await forge(dir, 'demo', '--text', 'short.txt', '--data-dir', 'short');
    await expect(access(join(dir, 'short'))).rejects.toThrow('ENOENT');
    expect([code, oneLine(stderr)]).toEqual([
      1,
      [
        expect.stringMatching(
          /--set data\.text=.*short\.txt: the train part of the text is empty.*200 kB.*\(RECIPE_INVALID\)/,
        ),
      ],
    ]);
  });
});

describe('forge up', () => {
  test('runs until it is told to stop; a second one, a taken port and a dead service are said in one line', async () => {
    const { child, finished, output } = startForge(dir, 'up', '--processes', '--port', '0', '--data-dir', 'up');
    await eventually(() => output.stdout.includes('Ctrl-C'), 'the system is up');
    const url = /gateway +(\S+)/.exec(output.stdout)![1]!;
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    expect((await fetch(`${url}/v1/runs`)).status).toBe(401);

    const second = await forge(dir, 'up', '--data-dir', 'up');
    expect([second.code, second.stderr]).toEqual([
      1,
      expect.stringMatching(/^forge: .*in use by process \d+.*\(FILE_EXISTS\)\n$/),
    ]);
    const taken = await forge(dir, 'up', '--port', new URL(url).port, '--data-dir', 'other');
    expect([taken.code, taken.stderr]).toEqual([
      1,
      expect.stringMatching(/^forge: gateway ended: port \d+ of 127\.0\.0\.1 is in use.*\n$/),
    ]);
    expect((await processesOf(join(dir, 'other'))).filter(lives)).toEqual([]);

    const cognate = Number(/cognate (\d+)/.exec(output.stdout)![1]);
    process.kill(cognate, 'SIGKILL');
    const { code, stderr } = await finished;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^forge: cognate ended \(SIGKILL\).*\(SERVICE_FAILED\)\n$/),
    ]);
    expect((await processesOf(join(dir, 'up'))).filter(lives)).toEqual([]);
    expect(child.exitCode).toBe(1);
  });

  test('ends well on Ctrl-C, which is the way to end it', async () => {
    const { child, finished, output } = startForge(dir, 'up', '--port', '0', '--data-dir', 'up2');
    await eventually(() => output.stdout.includes('Ctrl-C'), 'the system is up');
    child.kill('SIGINT');
    expect((await finished).code).toBe(0);
  });
});

test('a port that something else has is named', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const { code, stderr } = await forge(dir, 'demo', '--text', 'text.txt', '--port', String(port), '--data-dir', 'port');
  server.close();
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(new RegExp(`^forge: gateway ended: port ${port} .* is in use`)),
  ]);
});
