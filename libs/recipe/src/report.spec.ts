import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { byteTokenizer, initWeights, parseConfig, writeModelFolder } from '@agent-forge/model';
import { estimateRun, machineProblems } from './estimate/estimate-run.js';
import { trainingRate } from './estimate/machine.js';
import { parseOverride } from './override.js';
import { assertSubmittable, checkRecipeFile, fitToBudget, mistakeLine } from './report.js';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-recipe-'));
  await mkdir(join(dir, 'data'));
  const lines = Array.from({ length: 30_000 }, (_, i) => `line ${i} of a text\n`);
  await writeFile(join(dir, 'long.txt'), lines.join(''));
  await writeFile(join(dir, 'short.txt'), 'Not much.\n');
  await writeFile(join(dir, 'latin1.txt'), Buffer.from([0x66, 0xfc, 0x72]));
  await writeModel('small', 16);
  await writeModel('other', 16);
  await writeModel('wide', 32);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

async function writeModel(name: string, hiddenSize: number): Promise<void> {
  const tokenizer = byteTokenizer();
  const config = parseConfig({
    model_type: 'llama',
    vocab_size: tokenizer.vocabSize,
    hidden_size: hiddenSize,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    tie_word_embeddings: true,
  });
  await writeModelFolder(join(dir, name), { config, tokenizer, weights: initWeights(config, 1) });
}

async function check(text: string, options: Parameters<typeof checkRecipeFile>[1] = { elsewhere: true }) {
  const path = join(dir, 'r.yaml');
  await writeFile(path, text);
  return checkRecipeFile(path, options);
}

const linesOf = async (text: string) => (await check(text)).mistakes.map((mistake) => mistakeLine('r.yaml', mistake));
describe('the recipes that come with the repository', () => {
  const recipe = (name: string) => fileURLToPath(new URL(`../../../recipes/${name}.yaml`, import.meta.url));

  test('are all here', async () => {
    const files = (await readdir(dirname(recipe('quickstart')))).filter((name) => name.endsWith('.yaml'));
    expect(files.sort()).toEqual(['from-text.yaml', 'full.yaml', 'import.yaml', 'quickstart.yaml']);
  });

  test.each([
    ['quickstart', []],
    ['full', []],
    ['from-text', ['data.text=LONG']],
    ['import', ['models.first=SMALL', 'models.second=OTHER', 'data.text=LONG']],
  ])('%s is right', async (name, set) => {
    const paths: Record<string, string> = { LONG: 'long.txt', SMALL: 'small', OTHER: 'other' };
    const overrides = set.map((one) => parseOverride(one.replace(/[A-Z]+$/, (key) => join(dir, paths[key]!))));
    const { mistakes, recipe: read } = await checkRecipeFile(recipe(name), { elsewhere: true, overrides });
    expect(mistakes).toEqual([]);
    expect(read!.phases.map(({ phase }) => phase).at(-1)).toBe('compression');
  });
});

const trained = (data: string) => `forge:\n  data:\n    a: ${data}\n  phases: [cognate]\n`;
const merged = (a: string, b: string) =>
  `merge_method: linear\nmodels:\n  - { model: ${a}, parameters: { weight: 1 } }\n  - { model: ${b}, parameters: { weight: 1 } }\n`;

describe('the files that a recipe names', () => {
  test.each<[string, string, RegExp]>([
    ['data that is not there', trained('nowhere.txt'), /^r\.yaml:3:8: .*nowhere\.txt does not exist/],
    ['a folder for data', trained('data'), /^r\.yaml:3:8: .*is no file/],
    ['data of another kind', trained('x.parquet'), /^r\.yaml:3:8: /],
    ['data that is no UTF-8', trained('latin1.txt'), /^r\.yaml:3:8: .*latin1\.txt/],
    ['too little text', trained('short.txt'), /^r\.yaml:3:8: the \w+ part of the text is empty; with 200 kB/],
    ['a model that is not there', merged('small', 'nowhere'), /^r\.yaml:4:14: .*nowhere/],
    ['a folder that is no model', merged('small', 'data'), /^r\.yaml:4:14: .*config\.json/],
    ['models that do not fit', merged('small', 'wide'), /^r\.yaml:1:15: .*hidden_size|r\.yaml:1:15: .*16.*32/],
  ])('%s', async (_, text, message) => {
    const lines = await linesOf(text);
    expect(lines[0]).toMatch(message);
    for (const line of lines) expect(line).not.toMatch(/\n/);
  });

  test('are all looked at', async () => {
    expect(
      await linesOf('forge: { data: { a: x, b: y, c: long.txt }, models: { m: z }, phases: [cognate] }'),
    ).toHaveLength(3);
  });

  test('that are right are no mistakes', async () => {
    expect(await linesOf(trained('long.txt'))).toEqual([]);
    expect(await linesOf(merged('small', 'other'))).toEqual([]);
    expect(
      await linesOf(`forge: { models: { m: small, n: other }, families: { add: 1 }, phases: [cognate, evomerge] }`),
    ).toEqual([]);
  });
});

describe('a merge of what cognate will make', () => {
  const trainedMerge = (model: string, weight: string, gate = 'championAccuracy') =>
    `merge_method: linear
models:
  - { model: seed-a, parameters: { weight: 1 } }
  - { model: ${model}, parameters: { weight: ${weight} } }
forge:
  families: { add: 1 }
  phases: { cognate: { seeds: { a: [add], b: [add] } }, evomerge: { gates: { ${gate}: { min: 0 } } } }
`;

  test.each([
    ['is right', trainedMerge('seed-b', '1'), []],
    [
      'of a seed that there will not be',
      trainedMerge('seed-z', '1'),
      ['r.yaml:4:14: there is no model seed-z; cognate makes trunk, generalist, seed-a, seed-b'],
    ],
    [
      'with a value that is none',
      trainedMerge('seed-b', 'heavy'),
      ['r.yaml:4:44: weight is "heavy"; it must be a number'],
    ],
    [
      'with a gate on no metric',
      trainedMerge('seed-b', '1', 'championAcuracy'),
      ['r.yaml:7:78: evomerge.gates.championAcuracy is no metric of evomerge; did you mean championAccuracy?'],
    ],
  ])('%s', async (_, text, lines) => {
    expect(await linesOf(text)).toEqual(lines);
  });
});

test('parameters that do not fit together are told with their places', async () => {
  const text =
    'forge:\n  families: { add: 1 }\n  phases:\n    cognate:\n      heads: 3\n      seeds: { a: [add, sort] }\n';
  expect(await linesOf(text)).toEqual([
    'r.yaml:5:7: cognate.heads is 3; it must divide hiddenSize 256 into even parts',
    'r.yaml:6:16: cognate.seeds.a names the family sort, which is not in the mix (add)',
  ]);
});

describe('the estimate', () => {
  const SMALL = 'forge: { families: { add: 1 }, phases: [cognate: { steps: 30 }, evomerge: { evaluations: 24 }] }';
  const kept = async (trainFlopsPerSecond: number): Promise<string> => {
    const dataDir = join(dir, `data-${trainFlopsPerSecond}`);
    await mkdir(dataDir, { recursive: true });
    const measured = JSON.parse(await readFile(join(dir, 'data', 'machine.json'), 'utf8')) as object;
    await writeFile(join(dataDir, 'machine.json'), JSON.stringify({ ...measured, trainFlopsPerSecond }));
    return dataDir;
  };

  test('is made from a rate that is measured once and kept', async () => {
    const dataDir = join(dir, 'data');
    const rate = await trainingRate({ dataDir });
    expect(rate).toBeGreaterThan(1e8);
    expect(await trainingRate({ dataDir })).toBe(rate);
    const { estimate, problems } = await check(SMALL, { dataDir });
    expect(problems).toEqual([]);
    expect(estimate!.phases.map(({ phase, steps }) => [phase, steps])).toEqual([
      ['cognate', 35],
      ['evomerge', 24],
    ]);
  }, 60_000);

  test('follows the rate, and a kept one that is no JSON is measured again', async () => {
    const [slow, fast] = await Promise.all(
      [1e9, 1e13].map(async (rate) => check(SMALL, { dataDir: await kept(rate) })),
    );
    expect(slow!.estimate!.seconds).toBeGreaterThan(10 * fast!.estimate!.seconds);
    await mkdir(join(dir, 'broken'));
    await writeFile(join(dir, 'broken', 'machine.json'), '{');
    expect(await trainingRate({ dataDir: join(dir, 'broken') })).toBeGreaterThan(1e8);
  }, 60_000);

  test('over its budget is refused with what each phase needs', async () => {
    const dataDir = await kept(1e13);
    const report = await check(SMALL.replace('phases:', 'budget: { memory_mib: 100, disk_mib: 1 }, phases:'), {
      dataDir,
    });
    expect(report.problems).toEqual([
      expect.stringMatching(
        /^it needs about \d+ MiB of memory \(cognate \d+ MiB, evomerge \d+ MiB\), over its budget of 100 MiB/,
      ),
      expect.stringMatching(/^it needs about \d+ MiB of disk .* over its budget of 1 MiB/),
    ]);
    expect(() => assertSubmittable(report)).toThrow(expect.objectContaining({ code: 'BUDGET_EXCEEDED' }));
  });

  test('from a rate of a bad moment refuses nothing before it is measured again', async () => {
    const dataDir = await kept(1e6);
    const phases = [{ phase: 'cognate', params: { steps: 3, itemsPerFamily: 10 } }];
    const inputs = { models: { count: 0, parameters: 0 }, dataBytes: 0, families: 1 };
    const { problems } = await fitToBudget({ phases, budget: { seconds: 600 } }, inputs, { dataDir });
    expect(problems).toEqual([]);
    expect(await trainingRate({ dataDir })).toBeGreaterThan(1e8);
  }, 60_000);

  test('hands on what each phase makes', () => {
    const inputs = { models: { count: 0, parameters: 0 }, dataBytes: 0, families: 3, trainFlopsPerSecond: 1e11 };
    const [small, large] = [256, 512].map((hiddenSize) =>
      estimateRun([{ phase: 'cognate', params: { hiddenSize } }, { phase: 'evomerge' }], inputs),
    );
    expect(large!.phases[1]!.memoryMiB).toBeGreaterThan(small!.phases[1]!.memoryMiB);
    expect(machineProblems(small!, { memoryMiB: 10, diskMiB: 1e9 })).toEqual([expect.stringMatching(/free here/)]);
    expect(machineProblems(small!, { memoryMiB: 1e6, diskMiB: 1e9 })).toEqual([]);
  });
});

test('what is submitted has no mistake; otherwise the first is told, and how to see the others', async () => {
  const report = await check('forge: { families: { ad: 1, ma: 1 }, phases: [cognate] }');
  expect(() => assertSubmittable(report)).toThrow(
    expect.objectContaining({
      code: 'RECIPE_INVALID',
      message: expect.stringMatching(/r\.yaml:1:\d+: no task family "ad".*\(and 1 more: forge recipe check /),
    }),
  );
});
