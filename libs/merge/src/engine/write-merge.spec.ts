import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSafetensors } from '@agent-forge/model';
import { mergedWeights, parseMergeRecipe, planMerge, writeMerge, type WriteMergeOptions } from '../index.js';

const MODELS = fileURLToPath(new URL('../../fixtures/mergekit/models', import.meta.url));
/** As in mergekit, a base that is not listed would be one more input of `linear`. */
const recipeFor = (method: string) =>
  parseMergeRecipe(
    `merge_method: ${method}
${method === 'linear' ? '' : `base_model: ${MODELS}/base`}
models:
${['a', 'b', 'c'].map((model) => `  - model: ${MODELS}/${model}\n    parameters: {weight: 0.4, density: 0.5}`).join('\n')}
dtype: float32
`,
    'recipe.yaml',
  );

let dir: string;
let count = 0;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-merge-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** Merges into a new folder; gives every tensor's bytes. */
async function write(method: string, options: WriteMergeOptions): Promise<Map<string, string>> {
  const out = join(dir, `out-${++count}`);
  const recipe = recipeFor(method);
  await writeMerge(recipe, await planMerge(recipe), out, options);
  return digestsOf(out);
}

async function digestsOf(folder: string): Promise<Map<string, string>> {
  const source = await openSafetensors(folder);
  const entries = [...source.tensors.keys()].sort().map(async (name) => {
    const { data } = await source.read(name);
    return [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')] as const;
  });
  return new Map(await Promise.all(entries));
}

describe('a merge that streams', () => {
  test.each(['linear', 'ties', 'dare_ties', 'della'])(
    '%s gives the bytes of one in memory, whatever shards and threads',
    async (method) => {
      const merged = mergedWeights(await planMerge(recipeFor(method)));
      const inMemory = new Map<string, string>();
      for (const name of [...merged.shapes.keys()].sort()) {
        const { data } = await merged.read(name);
        inMemory.set(name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'));
      }
      expect(await write(method, { threads: 1 })).toEqual(inMemory);
      expect(await write(method, { threads: 3 })).toEqual(inMemory);
      expect(await write(method, { threads: 2, maxShardBytes: 20_000 })).toEqual(inMemory);
      const shards = (await readdir(join(dir, `out-${count}`))).filter((file) => file.endsWith('.safetensors'));
      expect(shards.length).toBeGreaterThan(2);
    },
  );

  test('says how far it is, and keeps the recipe and a card with the result', async () => {
    const seen: number[] = [];
    const out = join(dir, 'told');
    const recipe = recipeFor('linear');
    await writeMerge(recipe, await planMerge(recipe), out, {
      onProgress: ({ done, total }) => seen.push(done / total),
    });
    expect(seen.at(-1)).toBe(1);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(await readFile(join(out, 'mergekit_config.yml'), 'utf8')).toBe(recipe.text);
    expect(await readFile(join(out, 'README.md'), 'utf8')).toContain(`- ${MODELS}/b`);
  });

  test('that is stopped, or has no room, leaves nothing behind', async () => {
    const out = join(dir, 'stopped');
    const recipe = recipeFor('linear');
    const aborter = new AbortController();
    const stopped = writeMerge(recipe, await planMerge(recipe), out, {
      signal: aborter.signal,
      onProgress: ({ done }) => done === 3 && aborter.abort(),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' });
    const before = (await readdir(dir)).sort();
    expect(before).not.toContain('stopped');
    expect(before.filter((name) => !/^(out-\d+|told)$/.test(name))).toEqual([]);
    const taken = writeMerge(recipe, await planMerge(recipe), join(dir, 'told'));
    await expect(taken).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  });

  test.each([0, 1.5, 17])('refuses %p threads', async (threads) => {
    const recipe = recipeFor('linear');
    const refused = writeMerge(recipe, await planMerge(recipe), join(dir, 'never'), { threads });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
