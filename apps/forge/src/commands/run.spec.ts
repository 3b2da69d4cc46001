import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { RunView } from '@agent-forge/contracts';
import { cancelRun, getRun } from '@agent-forge/sdk';
import { RunningSystem } from '../testing/running-system.js';
import { writeSmallModel } from '../testing/small-model.js';

const MERGE = `
merge_method: linear
models:
  - { model: a, parameters: { weight: 2 } }
  - { model: b, parameters: { weight: 1 } }
`;
const TRAINING = 'forge: { families: { add: 1 }, phases: { cognate: { maxSeconds: 600 } } }\n';

let here: RunningSystem;
beforeAll(async () => {
  here = await RunningSystem.start();
  for (const [i, name] of ['a', 'b'].entries())
    await writeSmallModel(join(here.cwd, name), { initializer_range: 0.1 + i });
  await writeFile(join(here.cwd, 'merge.yaml'), MERGE);
  await writeFile(join(here.cwd, 'training.yaml'), TRAINING);
}, 60_000);
afterAll(() => here?.stop());

const start = (...args: string[]) => here.forge(...args);

describe('forge run', () => {
  test('uploads what a recipe names, and what a service merges equals what forge merge does here', async () => {
    const { code, stdout, stderr } = await start('run', 'merge.yaml', '--watch', '--json').finished;
    expect(code).toBe(0);
    for (const name of ['a', 'b']) expect(stderr).toMatch(new RegExp(`^model ${name} .* sent {2}${name}$`, 'm'));
    const run = JSON.parse(stdout) as RunView;
    expect(run).toMatchObject({ status: 'completed', name: 'merge', phases: [{ phase: 'evomerge' }] });
    const { id } = run.artifacts.find(({ role }) => role === 'merged')!;
    expect((await start('download', id, '--out', 'there').finished).code).toBe(0);
    expect((await start('merge', 'merge.yaml', '--out', 'here').finished).code).toBe(0);
    const digest = async (dir: string) =>
      createHash('sha256')
        .update(await readFile(join(here.cwd, dir, 'model.safetensors')))
        .digest('hex');
    expect(await digest('there')).toBe(await digest('here'));

    const lines = (await start('logs', run.id).finished).stdout.trim().split('\n');
    expect(lines[0]).toMatch(/^\d{4}-\S+Z {2}run {10}run\.requested/);
    expect(lines.at(-1)).toMatch(/^\S+Z {2}run {10}run\.completed/);
    const ofPhase = await start('logs', run.id, '--phase', 'evomerge', '--json').finished;
    const events = ofPhase.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.map(({ type }) => type)).toContain('agentforge.phase.completed.v1');
    expect(events.every(({ type }) => type.startsWith('agentforge.phase.'))).toBe(true);
  }, 60_000);

  test('says where the run goes on when one stops watching', async () => {
    const { child, finished, output } = start('run', 'training.yaml', '--watch');
    while (!output.stdout.includes('starting') && child.exitCode === null) await sleep(50);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await finished;
    const [, id] = /^run (\w+)$/m.exec(stdout)!;
    expect([code, stderr]).toEqual([
      130,
      `forge: stopped watching; the run goes on. See it with: forge watch ${id}; end it with: forge cancel ${id} (CANCELLED)\n`,
    ]);
    expect((await getRun(here.system.connection, id!)).status).toBe('running');
    // Of a run that goes on, what has happened so far.
    const logged = await start('logs', id!, '--no-follow').finished;
    expect([logged.code, logged.stdout]).toEqual([0, expect.stringContaining('run.requested')]);
    await cancelRun(here.system.connection, id!);
  }, 60_000);

  test('without --watch ends when the run is accepted, and says how to see it', async () => {
    const { code, stdout } = await start('run', 'training.yaml', '--set', 'name=other').finished;
    const [, id] = /^run (\w+); see it with: forge watch \1$/m.exec(stdout)!;
    expect([code, (await getRun(here.system.connection, id!)).name]).toEqual([0, 'other']);
    await cancelRun(here.system.connection, id!);
  }, 60_000);

  test.each<[string, string[], RegExp]>([
    [
      'what cannot fit',
      ['training.yaml', '--set', 'budget.seconds=60'],
      /over its budget of 60 s; .* \(BUDGET_EXCEEDED\)$/,
    ],
    [
      'a recipe with mistakes',
      ['training.yaml', '--set', 'cognate.step=3'],
      /did you mean steps\? \(RECIPE_INVALID\)$/,
    ],
    [
      'models that are not there',
      ['merge.yaml', '--set', 'base_model=c'],
      /^forge: --set base_model=c: .*c does not exist.* \(RECIPE_INVALID\)$/,
    ],
    ['no file', ['nowhere.yaml'], /nowhere.yaml does not exist or cannot be read \(FILE_NOT_FOUND\)$/],
  ])(
    'refuses %s in one line',
    async (_, args, message) => {
      const { code, stdout, stderr } = await start('run', ...args).finished;
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^forge: [^\n]+\n$/);
      expect(stderr.trim()).toMatch(message);
    },
    30_000,
  );
});

describe('forge recipe check', () => {
  test('of a recipe that is right shows what each phase needs', async () => {
    const people = await start('recipe', 'check', 'training.yaml').finished;
    expect([people.code, people.stderr]).toEqual([0, '']);
    expect(people.stdout).toMatch(/^cognate +\d+ +(9|10|11) min .* MiB +\d+ MiB$/m);
    expect(people.stdout).toMatch(/training.yaml is right; run it with: forge run training.yaml$/m);
    const { stdout } = await start('recipe', 'check', 'training.yaml', '--json').finished;
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, mistakes: [], problems: [], estimate: { phases: [{}] } });
  }, 60_000);

  test('tells every mistake, one in a line, and counts them', async () => {
    await writeFile(join(here.cwd, 'wrong.yaml'), 'forge:\n  famlies: {}\n  phases:\n    cognate:\n      rows: x\n');
    const people = await start('recipe', 'check', 'wrong.yaml', '--set', 'sede=1').finished;
    expect(people.code).toBe(1);
    expect(people.stdout.trim().split('\n').sort()).toEqual([
      expect.stringMatching(/^--set sede=1: the recipe has no sede; did you mean seed\?$/),
      expect.stringMatching(/^wrong\.yaml:2:3: unknown key "famlies" in forge; did you mean families\?$/),
      expect.stringMatching(/^wrong\.yaml:\d+:\d+: cognate learns from task families or data/),
      expect.stringMatching(/^wrong\.yaml:5:7: cognate\.rows is "x"; it must be a whole number from 1 to 4096$/),
    ]);
    expect(people.stderr).toBe('forge: wrong.yaml has 4 mistakes (RECIPE_INVALID)\n');
    const { code, stdout } = await start('recipe', 'check', 'wrong.yaml', '--json').finished;
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, mistakes: [{ line: 2, column: 3 }, {}, {}] });
  }, 60_000);
});
