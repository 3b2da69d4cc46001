import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { forge, startForge } from '../testing/command.js';

const BOOK = fileURLToPath(new URL('../../../../recipes/data/emma.txt', import.meta.url));
/** Small enough for a step to take milliseconds. */
const PARAMS = {
  model: { hiddenSize: 32, intermediateSize: 64, numLayers: 1, numHeads: 2 },
  batch: { rows: 4, length: 32 },
};

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-cli-'));
  await writeFile(join(dir, 'params.json'), JSON.stringify(PARAMS));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const start = (...args: string[]) => startForge(dir, 'train', ...args);
const train = (...args: string[]) => forge(dir, 'train', ...args);
const common = (out: string) => ['--params', 'params.json', '--out', out];

async function digest(out: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(dir, out, 'model.safetensors')))
    .digest('hex');
}

/** Waits until the first checkpoint of a training lies on disk (or the training has ended). */
async function firstCheckpoint(out: string, finished: Promise<unknown>): Promise<void> {
  const path = join(dir, `${out}.training`, 'checkpoint.safetensors');
  let ended = false;
  void finished.then(() => (ended = true));
  while (!ended && !existsSync(path)) await sleep(20);
}

describe('forge train', () => {
  test('makes a model folder, says how good it is, and leaves nothing else behind', async () => {
    const { code, stdout } = await train('--text', BOOK, ...common('plain'), '--max-steps', '60', '--json');
    expect(code).toBe(0);
    const summary = JSON.parse(stdout) as { steps: number; report: { bitsPerByte: number; bytes: number } };
    expect(summary.steps).toBe(60);
    // 60 tiny steps already beat the eight bits of knowing nothing by far, and nothing that small reads a book in them.
    expect(summary.report.bitsPerByte).toBeGreaterThan(3);
    expect(summary.report.bitsPerByte).toBeLessThan(6);
    expect((await readdir(join(dir, 'plain'))).sort()).toEqual([
      'config.json',
      'generation_config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'training.json',
    ]);
    expect((await readdir(dir)).filter((name) => name.includes('plain'))).toEqual(['plain']);
  });

  test.each([
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const)(
    'survives %s: --resume gives the same bytes as a training that was never stopped',
    async (signal, exit) => {
      const [whole, cut] = [`whole-${signal}`, `cut-${signal}`];
      const steps = ['--max-steps', '1500'];
      const { child, finished } = start('--text', BOOK, ...common(cut), ...steps, '--checkpoint-seconds', '0');
      await firstCheckpoint(cut, finished);
      child.kill(signal);
      expect((await finished).code).toBe(exit);
      expect(existsSync(join(dir, cut))).toBe(false);

      expect((await train('--text', BOOK, ...common(cut), ...steps)).stderr).toContain('continue it with --resume');
      const resumed = await train('--resume', '--out', cut);
      expect(resumed.stderr).toContain('of 1500');
      expect(resumed.code).toBe(0);
      expect(existsSync(join(dir, `${cut}.training`))).toBe(false);

      expect((await train('--text', BOOK, ...common(whole), ...steps)).code).toBe(0);
      expect(await digest(cut)).toBe(await digest(whole));
    },
  );

  test('can be continued even when it was killed before its first checkpoint', async () => {
    const { child, finished } = start('--text', BOOK, ...common('early'), '--max-steps', '40', '--seed', '7');
    while (!existsSync(join(dir, 'early.training'))) await sleep(5);
    child.kill('SIGKILL');
    await finished;
    const resumed = await train('--resume', '--out', 'early', '--json');
    expect(resumed.stderr).not.toContain('going on at step');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ steps: 40 });
    expect(JSON.parse(await readFile(join(dir, 'early', 'training.json'), 'utf8'))).toMatchObject({ seed: 7 });
  });

  test.each([
    [['--text', 'nowhere.txt', '--out', 'x'], 'nowhere.txt does not exist'],
    [['--out', 'x'], 'give --text FILE or --data FILE'],
    [['--text', 'params.json', '--data', 'params.json', '--out', 'x'], 'not both'],
    [['--text', BOOK, '--out', 'x', '--max-steps', '0'], 'whole number of at least 1'],
    [['--text', BOOK, '--out', 'x', '--provider', 'abacus'], 'cpu, webgpu, cuda'],
    [['--text', BOOK, '--out', 'x', '--wings'], "unknown option '--wings'"],
    [['--resume', '--out', 'never'], 'nothing to resume'],
    [['--text', BOOK, '--out', 'x', '--params', 'bad.yaml'], '/model/hiddenSize'],
    [['--text', 'tiny.txt', '--out', 'x'], 'tiny.txt'],
    [['--resume', '--out', 'x', '--seed', '3'], 'leave out the option for seed'],
    [['--text', BOOK, '--out', 'x', '--params', 'huge.json'], 'at most 1000000000 can be trained'],
  ])('refuses %j with one clear line', async (args, message) => {
    await writeFile(join(dir, 'bad.yaml'), 'model: { hiddenSize: wide }');
    await writeFile(join(dir, 'huge.json'), '{"model":{"hiddenSize":1048576,"intermediateSize":1048576}}');
    await writeFile(join(dir, 'tiny.txt'), 'too short to be split');
    const { code, stdout, stderr } = await train(...args);
    expect(code).toBeGreaterThan(0);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(join(dir, 'x'))).toBe(false);
    expect(existsSync(join(dir, 'x.training'))).toBe(false);
  });
});
