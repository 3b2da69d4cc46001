import { createHash } from 'node:crypto';
import { access, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PhaseSummary } from '../phase/job.js';
import { forge, startForge } from '../testing/command.js';
import { writeSmallModel } from '../testing/small-model.js';

const COGNATE = `
steps: 600
hiddenSize: 32
intermediateSize: 64
heads: 2
itemsPerFamily: 10
`;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'agent-forge-phase-'));
  for (const [i, name] of ['a', 'b'].entries()) await writeSmallModel(join(cwd, name), { initializer_range: 0.1 + i });
  await writeFile(join(cwd, 'cognate.yaml'), COGNATE);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const weightsOf = async (dir: string) =>
  createHash('sha256')
    .update(await readFile(join(dir, 'model.safetensors')))
    .digest('hex');

const cognate = (out: string) => [
  'phase',
  'cognate',
  '--params',
  'cognate.yaml',
  '--families',
  'add=2,copy',
  '--out',
  out,
  '--json',
];

describe('forge phase', () => {
  test('makes folders of the artifacts of one phase, without a server, and tells what was measured', async () => {
    const args = ['--in', 'a', '--in', 'b', '--families', 'add,copy', '--set', 'evaluations=24', '--out', 'merged'];
    const { code, stdout, stderr } = await forge(cwd, 'phase', 'evomerge', ...args);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/search/)]);
    expect(stdout).toMatch(/ a +b +average +champion\n/);
    expect(stdout).toMatch(/evomerge took .* and made\n +merged +\S+merged\n +report +\S+report\n$/);
    expect((await readdir(join(cwd, 'merged'))).sort()).toEqual(['merged', 'report']);
    expect((await readdir(cwd)).filter((name) => name.startsWith('merged.'))).toEqual([]);
    const inspected = await forge(cwd, 'inspect', 'merged/merged');
    expect(inspected.code).toBe(0);
  });

  test('goes on where it was after kill -9, with the bytes of one that was never stopped', async () => {
    const first = startForge(cwd, ...cognate('killed'));
    const results = async () => (await readdir(join(cwd, 'killed.phase', 'memory')).catch(() => [])).length;
    // The plan and the trunk are remembered; the first seed has begun.
    for (let i = 0; i < 600 && (await results()) < 2; i++) await sleep(50);
    first.child.kill('SIGKILL');
    await first.finished;
    await expect(access(join(cwd, 'killed'))).rejects.toThrow('ENOENT');

    const other = await forge(cwd, ...cognate('killed'), '--seed', '2');
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/begun with other inputs.*\(FILE_EXISTS\)\n$/),
    ]);

    const [again, whole] = [await forge(cwd, ...cognate('killed')), await forge(cwd, ...cognate('whole'))];
    expect(again.stderr).not.toMatch(/train trunk {2}step/);
    const { artifacts } = JSON.parse(again.stdout) as PhaseSummary;
    expect(JSON.parse(whole.stdout)).toMatchObject({ phase: 'cognate', metrics: { trunkLoss: expect.any(Number) } });
    const models = artifacts.filter(({ kind }) => kind === 'model').map(({ role }) => role);
    expect(models).toEqual(['trunk', 'seed-reasoning', 'seed-memory', 'seed-speed', 'generalist']);
    for (const role of models)
      expect([role, await weightsOf(join(cwd, 'killed', role))]).toEqual([
        role,
        await weightsOf(join(cwd, 'whole', role)),
      ]);
    await expect(access(join(cwd, 'killed.phase'))).rejects.toThrow('ENOENT');
  });

  test.each([
    [['evomerg', '--in', 'a', '--out', 'x'], /there is no phase evomerg; did you mean evomerge\? \(INVALID_ARGUMENT\)/],
    [['evomerge', '--in', 'a', '--out', 'a'], /a is there already and not empty; choose another --out \(FILE_EXISTS\)/],
    [['evomerge', '--in', 'a', '--families', 'add', '--out', 'x'], /evomerge reads at least 2 models/],
    [
      ['evomerge', '--in', 'a', '--in', 'none', '--families', 'add', '--out', 'x'],
      /none does not exist \(RECIPE_INVALID\)/,
    ],
    [
      ['evomerge', '--in', 'a', '--in', 'b', '--out', 'x'],
      /learns from task families or data, and the recipe names neither/,
    ],
    [['cognate', '--families', 'addd', '--out', 'x'], /no task family "addd"; did you mean add\?/],
    [
      ['cognate', '--families', 'add', '--set', 'maxSecond=3', '--out', 'x'],
      /cognate.maxSecond is unknown; did you mean maxSeconds\?/,
    ],
    [
      ['cognate', '--families', 'add', '--params', 'none.yaml', '--out', 'x'],
      /none.yaml does not exist.*\(FILE_NOT_FOUND\)/,
    ],
  ])('%j is refused in one line, and nothing is left', async (args, message) => {
    const { code, stdout, stderr } = await forge(cwd, 'phase', ...args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.trimEnd().split('\n')).toEqual([expect.stringMatching(message)]);
    expect((await readdir(cwd)).filter((name) => name.startsWith('x'))).toEqual([]);
  });
});
