import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startForge } from '../testing/command.js';
import { RunningSystem } from '../testing/running-system.js';
import { writeSmallModel } from '../testing/small-model.js';

let here: RunningSystem;
beforeAll(async () => {
  here = await RunningSystem.start();
});
afterAll(() => here?.stop());

const run = (...args: string[]) => here.forge(...args).finished;

test('what is uploaded is listed, shown and downloaded', async () => {
  await writeSmallModel(join(here.cwd, 'model'));
  const model = await run('models', 'upload', 'model');
  expect([model.stderr, model.code]).toEqual(['', 0]);
  const [id = ''] = model.stdout.split(' ');
  expect(model.stdout).toMatch(/^[0-9a-f]{64} {2}0\.\d\d M parameters, 5 files, /);

  await writeFile(join(here.cwd, 'my book.txt'), 'A text.\n');
  await writeFile(join(here.cwd, 'chats.jsonl'), '{"prompt":"a","completion":"b"}\n');
  const data = await run('datasets', 'upload', 'my book.txt', 'chats.jsonl', '--json');
  expect([data.stderr, data.code]).toEqual(['', 0]);
  expect(JSON.parse(data.stdout)).toMatchObject({
    kind: 'dataset',
    files: [{ name: 'chats.jsonl' }, { name: 'my_book.txt' }],
  });

  const list = await run('artifacts');
  expect(
    list.stdout
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/)[1])
      .sort(),
  ).toEqual(['dataset', 'model', undefined].sort());
  const show = await run('artifacts', id);
  expect(show.stdout).toMatch(/^kind +model\nmade by +import/);
  expect(show.stdout).toMatch(/model\.safetensors +[\d.]+ kB +[0-9a-f]{64}/);

  const down = await run('download', id, '--out', 'back');
  expect([down.stderr, down.code]).toEqual(['', 0]);
  expect(await readFile(join(here.cwd, 'back', 'model.safetensors'))).toEqual(
    await readFile(join(here.cwd, 'model', 'model.safetensors')),
  );
}, 120_000);

test('a model that only the system has is talked to all the same', async () => {
  await writeSmallModel(join(here.cwd, 'talker'));
  const { stdout } = await run('models', 'upload', 'talker', '--json');
  const { artifactId } = JSON.parse(stdout) as { artifactId: string };
  const ask = (model: string, dir: string) =>
    startForge(
      { cwd: here.cwd, input: 'hi\n', env: { FORGE_API_KEY: key } },
      ...['chat', model, '--max-tokens', '4', '--data-dir', dir, '--url', here.system.connection.url],
    ).finished;
  const { key } = JSON.parse((await run('keys', 'add', 'chat', '--json')).stdout) as { key: string };
  const near = await ask('talker', 'forge-data');
  const far = await ask(artifactId, 'nowhere');
  expect([far.code, far.stderr, far.stdout]).toEqual([0, '', near.stdout]);
  expect(await readdir(here.cwd)).not.toContain('nowhere');
}, 60_000);

test('what is wrong is one line, and the exit code tells', async () => {
  await writeFile(join(here.cwd, 'bad.jsonl'), '{"x":1}\n');
  const cases: [string[], RegExp][] = [
    [['datasets', 'upload', 'bad.jsonl'], /bad\.jsonl:1: a record has one of.*\(DATA_INVALID\)/],
    [['datasets', 'upload', 'none.txt'], /none\.txt does not exist.*\(FILE_NOT_FOUND\)/],
    [['models', 'upload', '.'], /has no config\.json \(NOT_A_MODEL\)/],
    [['artifacts', 'f'.repeat(64)], /there is no artifact.*\(ARTIFACT_NOT_FOUND\)/],
    [['download', 'x', '--out', 'y'], /\(ARTIFACT_NOT_FOUND\)/],
    [
      ['artifacts', '--data-dir', 'nowhere'],
      /you are not logged in at .*; log in with: forge login --url .*\(UNAUTHENTICATED\)/,
    ],
    [['artifacts', '--url', 'nonsense'], /is no URL.*\(INVALID_ARGUMENT\)/],
    [['artifacts', '--auth-url', 'http://127.0.0.1:1'], /no token can be had.*\(AUTH_UNAVAILABLE\)/],
    [['phases', 'none'], /there is no phase "none"; there are cognate.*\(NOT_FOUND\)/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await run(...args);
    expect([args, code, stdout]).toEqual([args, 1, '']);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  }
}, 120_000);

test('phases are shown with every parameter, its default and what it means', async () => {
  const { stdout } = await run('phases');
  expect(stdout).toMatch(/^cognate +trains one trunk/);
  const one = await run('phases', 'cognate');
  expect(one.stdout).toMatch(/^parameter +default +allowed +meaning$/m);
  expect((await run('phases', 'adas')).stdout).toMatch(/^agents\.generations +3 +integer >= 0 <= 100/m);
  expect((await run('phases', 'baking')).stdout).toMatch(/^bakes\[\]\.marker +- +string/m);
  const { params } = JSON.parse((await run('phases', 'cognate', '--json')).stdout) as {
    params: { properties: object };
  };
  for (const name of Object.keys(params.properties)) expect(one.stdout).toMatch(new RegExp(`^${name} `, 'm'));
});
