import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parseOverride } from './override.js';
import { parseRecipe, readRecipe } from './read-recipe.js';
import { localInputs, runRequestOf } from './request.js';

const GUIDE = new URL('../../../docs/guides/recipes.md', import.meta.url);
const ID = 'a'.repeat(64);

/** Mistakes as a person reads them, after `line:column`. */
function mistakesOf(text: string, ...sets: string[]): string[] {
  const { mistakes } = parseRecipe(text, '/r/r.yaml', sets.map(parseOverride));
  return mistakes.map(({ at, problem }) => `${at.source ?? `${at.line}:${at.column}`} ${problem}`);
}

function requestOf(text: string, ...sets: string[]) {
  const { recipe, mistakes } = parseRecipe(text, '/r/r.yaml', sets.map(parseOverride));
  expect(mistakes).toEqual([]);
  return runRequestOf(recipe!, new Map(localInputs(recipe!).map(({ path }) => [path, ID])));
}

const WHOLE = `
forge:
  seed: 3
  families: { add: 3, copy: }
  data: { book: ./book.txt, news: { artifact: ${ID} } }
  phases:
    cognate: { steps: 90 }
    evomerge:
      gates: { championAccuracy: { min: 0.5 } }
      allow_fallback: true
  budget: { seconds: 60, memory_mib: 512 }
`;

describe('a recipe', () => {
  test('becomes a request that names artifacts and no path', () => {
    const request = requestOf(WHOLE);
    expect(request).toEqual({
      name: 'r',
      seed: 3,
      families: { add: 3, copy: 1 },
      data: [
        { name: 'book', artifactId: ID },
        { name: 'news', artifactId: ID },
      ],
      models: [],
      phases: [
        { phase: 'cognate', params: { steps: 90 }, allowFallback: false, gates: {} },
        { phase: 'evomerge', params: {}, allowFallback: true, gates: { championAccuracy: { min: 0.5 } } },
      ],
      budget: { seconds: 60, memoryMib: 512 },
    });
    expect(JSON.stringify(request)).not.toContain('book.txt');
  });

  test('names what is to be uploaded, relative to its folder', () => {
    const { recipe } = parseRecipe(WHOLE, '/r/r.yaml');
    expect(localInputs(recipe!)).toEqual([{ kind: 'data', name: 'book', path: '/r/book.txt' }]);
  });

  test('that names what was not uploaded is not submitted', () => {
    expect(() => runRequestOf(parseRecipe(WHOLE, '/r/r.yaml').recipe!, new Map())).toThrow(/book.txt was not uploaded/);
  });

  test('may list its phases', () => {
    const { phases } = requestOf('forge: { families: { add: 1 }, phases: [cognate, evomerge: { evaluations: 24 }] }');
    expect(phases).toMatchObject([{ phase: 'cognate' }, { phase: 'evomerge', params: { evaluations: 24 } }]);
  });

  test('of the guide is right, and so is the merge beside it', () => {
    const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    expect(blocks).toHaveLength(2);
    for (const text of blocks) expect(mistakesOf(text)).toEqual([]);
  });
});

describe('a merge at the top of a recipe', () => {
  const MERGE = `
merge_method: linear
models:
  - { model: seed-memory, parameters: { weight: 1 } }
  - { model: seed-speed, parameters: { weight: [1, 2] } }
forge: { families: { add: 1 }, phases: [cognate, evomerge] }
`;

  test('is a parameter of evomerge, whose models are roles of the phase before', () => {
    const request = requestOf(MERGE);
    expect(request.models).toEqual([]);
    expect(request.phases[1]!.params).toEqual({
      recipe: {
        merge_method: 'linear',
        models: [
          { model: 'seed-memory', parameters: { weight: 1 } },
          { model: 'seed-speed', parameters: { weight: [1, 2] } },
        ],
      },
    });
  });

  test('alone is a run of evomerge on folders, which get names', () => {
    const { recipe, mistakes } = parseRecipe(
      `
merge_method: ties
base_model: ../Base Model
models:
  - { model: a/m, parameters: { weight: 1 } }
  - { model: { model: { path: b/m } }, parameters: { weight: 1 } }
tokenizer: { source: a/m }
forge: { seed: 7, on_mismatch: truncate, families: { add: 1 } }
`,
      '/r/r.yaml',
    );
    expect(mistakes).toEqual([]);
    expect(localInputs(recipe!).map(({ name, path }) => [name, path])).toEqual([
      ['base-model', '/Base Model'],
      ['m', '/r/a/m'],
      ['m-2', '/r/b/m'],
    ]);
    expect(recipe!.phases).toMatchObject([
      {
        phase: 'evomerge',
        params: {
          recipe: {
            base_model: 'base-model',
            models: [{ model: 'm' }, { model: { model: { path: 'm-2' } } }],
            tokenizer: { source: 'm' },
            forge: { seed: 7, on_mismatch: 'truncate' },
          },
        },
      },
    ]);
  });

  test('names imported models as cognate passes them on', () => {
    const text = MERGE.replace('seed-memory', 'math').replace(
      'families: { add: 1 }',
      `families: { add: 1 }, models: { math: { artifact: ${ID} } }`,
    );
    expect(requestOf(text).phases[1]!.params).toMatchObject({ recipe: { models: [{ model: 'seed-math' }, {}] } });
  });

  test('needs evomerge', () => {
    expect(mistakesOf(MERGE.replace(', evomerge]', ']'))).toEqual([
      '2:15 the recipe says how to merge, and evomerge is not among its phases',
    ]);
  });

  test('tells all its mistakes, not only the first', () => {
    const text = MERGE.replace('weight: 1 }', 'wieght: 1 }').replace('speed, ', 'speed, lora: 1, ') + 'dtype: int3\n';
    expect(mistakesOf(text)).toEqual([
      expect.stringMatching(/^4:\d+ unknown parameter "wieght"/),
      expect.stringMatching(/^5:\d+ unknown key "lora" in models\[1\]/),
      expect.stringMatching(/^7:8 dtype is "int3"; it must be float32/),
    ]);
  });
});

describe('every mistake is told with its place and what to do', () => {
  const inForge = (text: string) => `forge:\n  families: { add: 1 }\n  phases:\n    cognate:\n${text}`;
  test.each<[string, string, RegExp[]]>([
    [
      'unknown keys',
      inForge('  famlies: {}\n  x: 1\n'),
      [/^5:3 unknown key "famlies" in forge; did you mean families\?/, /^6:3 unknown key "x" in forge; allowed are/],
    ],
    [
      'keys that stand too far left',
      'phases: [cognate]\nforge: { phases: [cognate], families: { add: 1 } }',
      [/^1:1 phases belongs under forge:/],
    ],
    [
      'parameters',
      inForge('      step: 3\n      rows: 0\n      optimizer: sgd\n'),
      [
        /^5:7 cognate.step is unknown; did you mean steps/,
        /^6:7 cognate.rows is 0; it must be a whole number from 1 to 4096/,
        /^7:7 cognate.optimizer is "sgd"; it must be muon or adamw/,
      ],
    ],
    [
      'what stands twice',
      inForge('    quietstar: { families: [add, add] }\n'),
      [/^5:1\d quietstar.families names "add" twice/],
    ],
    [
      'a merge that cannot be read, and nothing that only follows from it',
      'merge_method: linnear\nmodels: [{ model: a }, { model: b }]',
      [/^1:15 there is no merge method "linnear"; did you mean linear\?/],
    ],
    [
      'phases',
      'forge: { families: { add: 1 }, phases: [cognat, 3, [x], cognate, cognate] }',
      [
        /no phase "cognat"; did you mean cognate/,
        /phases\[1\] is 3; it must be a text/,
        /phases\[2\] is a list; it must be a map/,
        /cognate stands in the recipe twice/,
      ],
    ],
    [
      'families',
      'forge: { families: { ad: 1, add: 0, word@tool: 1, copy@x: 1 }, phases: [cognate] }',
      [
        /^1:\d+ no task family "ad"; did you mean add/,
        /forge.families.add is 0; a weight is/,
        /use the family "tool"/,
        /no task family "copy@x"/,
      ],
    ],
    [
      'phases in the wrong order',
      'forge: { families: { add: 1 }, phases: [evomerge, cognate] }',
      [/evomerge reads at least 2 models, it is the first phase, and the recipe imports 0/],
    ],
    [
      'nothing to learn from',
      'forge: { phases: [cognate] }',
      [/cognate learns from task families or data, and the recipe names neither/],
    ],
    [
      'data',
      inForge(`  data: { "a/b": x, c: { path: x, artifact: y }, d: { artifact: 12ab }, e: 3 }\n`),
      [
        /"a\/b" is no name of data/,
        /forge.data.c has either path or artifact/,
        /forge.data.d.artifact must be the 64 hex/,
        /forge.data.e is 3; it must be a text/,
      ],
    ],
    [
      'gates',
      inForge('      gates: { a: {}, b: { min: x }, c: { min: 2, max: 1 }, d: 3 }\n      allow_fallback: yes\n'),
      [
        /cognate.gates.a needs min or max/,
        /gates.b.min is "x"; it must be a number/,
        /min 2 is above max 1/,
        /gates.d is 3; it must be a map/,
        /allow_fallback is "yes"; it must be true or false/,
      ],
    ],
    [
      'a budget',
      inForge('  budget: { seconds: 0, memory: 1, disk_mib: .inf }\n'),
      [
        /seconds is 0; it must be a number above 0/,
        /unknown key "memory" in forge.budget; did you mean memory_mib/,
        /disk_mib is Infinity; it must be/,
      ],
    ],
    ['nothing to do', 'forge: { name: x }', [/^1:1 it says nothing to do/]],
    ['no map', '- a', [/^1:1 a recipe is a map/]],
    ['YAML', 'forge: {a: "x" y}\nb: "x" y\n', [/^1:1\d /, /^2:/]],
    [
      '__proto__',
      'forge: { families: { __proto__: 1 }, phases: { cognate: { __proto__: { steps: 1 } }, __proto__: {} } }',
      [/no task family "__proto__"/, /cognate.__proto__ is unknown/, /no phase "__proto__"/],
    ],
  ])('%s', (_, text, expected) => {
    const mistakes = mistakesOf(text);
    for (const message of expected) expect(mistakes).toContainEqual(expect.stringMatching(message));
    for (const message of mistakes) expect(message).toMatch(/^\d+:\d+ [^\n]{5,400}$/);
  });
});

describe('--set', () => {
  test.each<[string, object]>([
    ['cognate.steps=30', { phases: [{ params: { steps: 30 } }, {}] }],
    ['cognate.optimizer=adamw', { phases: [{ params: { optimizer: 'adamw' } }, {}] }],
    ['cognate.seeds={big: [add]}', { phases: [{ params: { seeds: { big: ['add'] } } }, {}] }],
    ['evomerge.gates.championAccuracy.min=0.9', { phases: [{}, { gates: { championAccuracy: { min: 0.9 } } }] }],
    ['evomerge.allow_fallback=false', { phases: [{}, { allowFallback: false }] }],
    ['families.copy=2', { families: { add: 3, copy: 2 } }],
    ['forge.seed=9', { seed: 9 }],
    ['name=007', { name: '007' }],
    ['budget.disk_mib=100', { budget: { seconds: 60, memoryMib: 512, diskMib: 100 } }],
  ])('%s', (set, expected) => {
    expect(requestOf(WHOLE, set)).toMatchObject(expected);
  });

  test('changes a parameter of a phase in a list', () => {
    const list = 'forge: { families: { add: 1 }, phases: [cognate, evomerge: { evaluations: 24 }] }';
    expect(requestOf(list, 'cognate.steps=5').phases).toMatchObject([
      { phase: 'cognate', params: { steps: 5 } },
      { phase: 'evomerge', params: { evaluations: 24 } },
    ]);
  });

  test('takes a path from where it is typed', () => {
    const { recipe } = parseRecipe(WHOLE, '/r/r.yaml', [parseOverride('data.book=x=1.txt')]);
    expect(localInputs(recipe!)[0]!.path).toBe(`${process.cwd()}/x=1.txt`);
  });

  test.each<[string, RegExp]>([
    ['cognate.step=3', /^--set cognate.step=3 cognate.step is unknown; did you mean steps/],
    ['cognate.steps=x', /^--set cognate.steps=x cognate.steps is "x"; it must be a whole number/],
    ['cognte.steps=3', /the recipe has no cognte.steps; did you mean cognate.steps/],
    ['data.bok=x', /the recipe has no data.bok; did you mean data.book/],
    ['models.x=y', /the recipe has no models.x; it has nothing of the kind/],
    ['families.ad=1', /the recipe has no families.ad; did you mean families.add/],
    ['sede=1', /the recipe has no sede; did you mean seed/],
    ['budget.second=1', /unknown key "second" in forge.budget; did you mean seconds/],
    ['seed=[', /forge.seed is "\["; it must be a whole number/],
  ])('%s is explained', (set, message) => {
    expect(mistakesOf(WHOLE, set)).toEqual([expect.stringMatching(message)]);
  });

  test.each(['', 'x', '=3', 'a..b=1', '.=1'])('"%s" is no setting', (text) => {
    expect(() => parseOverride(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

test('files that are no recipe are refused', async () => {
  await expect(readRecipe('/nowhere/r.yaml')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(readRecipe('/')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  await expect(readRecipe(process.execPath)).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
});
