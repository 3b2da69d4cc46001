import { cp, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openSafetensors } from './open-safetensors.js';

const SHARDED = fileURLToPath(new URL('../../fixtures/hf/llama3-rope-bf16-sharded', import.meta.url));
const INDEX = 'model.safetensors.index.json';
const FIRST = 'model-00001-of-00003.safetensors';

let dir: string;
beforeEach(async () => {
  dir = join(await mkdtemp(join(tmpdir(), 'forge-shards-')), 'model');
  await cp(SHARDED, dir, { recursive: true });
});
afterEach(() => rm(join(dir, '..'), { recursive: true, force: true }));

interface Index {
  metadata?: object;
  weight_map: Record<string, string>;
}

async function changeIndex(change: (index: Index) => unknown): Promise<void> {
  const index = JSON.parse(await readFile(join(dir, INDEX), 'utf8')) as Index;
  const changed = change(index) ?? index;
  await writeFile(join(dir, INDEX), typeof changed === 'string' ? changed : JSON.stringify(changed));
}

const refusal = (): Promise<{ code: string; message: string }> =>
  openSafetensors(dir).then(
    () => {
      throw new Error('it was opened');
    },
    (error: unknown) => error as { code: string; message: string },
  );

describe('a sharded folder', () => {
  test('is read as one, by folder or by index', async () => {
    for (const path of [dir, join(dir, INDEX)]) {
      const source = await openSafetensors(path);
      expect(source.tensors.size).toBe(29);
      expect((await source.read('model.embed_tokens.weight')).shape).toEqual([160, 48]);
      expect((await source.read('model.norm.weight')).data).toHaveLength(48);
      await expect(source.read('x')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
  });

  test('may say of its total size what it likes', async () => {
    await changeIndex((index) => JSON.stringify({ ...index, metadata: { total_size: 0 } }).replace('0}', '1.5e10}'));
    expect((await openSafetensors(dir)).tensors.size).toBe(29);
  });

  test('may consist of links, as in the cache of huggingface_hub', async () => {
    await unlink(join(dir, FIRST));
    await symlink(join(SHARDED, FIRST), join(dir, FIRST));
    expect((await openSafetensors(dir)).tensors.size).toBe(29);
  });

  test.each<[string, (index: Index) => unknown, string]>([
    ['a shard outside the folder', ({ weight_map: m }) => void (m['a'] = '../x.safetensors'), 'plain name'],
    ['an absolute shard', ({ weight_map: m }) => void (m['a'] = '/etc/passwd.safetensors'), 'plain name'],
    ['a shard in a folder', ({ weight_map: m }) => void (m['a'] = 'b/x.safetensors'), 'plain name'],
    ['a shard on another drive', ({ weight_map: m }) => void (m['a'] = 'c:\\x.safetensors'), 'plain name'],
    ['a shard with NUL', ({ weight_map: m }) => void (m['a'] = 'x\0.safetensors'), 'plain name'],
    ['a pickled shard', ({ weight_map: m }) => void (m['a'] = 'pytorch_model.bin'), 'plain name'],
    ['a shard that is a number', ({ weight_map: m }) => void (m['a'] = 7 as unknown as string), 'plain name'],
    [
      'a shard in two spellings',
      ({ weight_map: m }) => void (m['a'] = FIRST.replace('model', 'Model')),
      'upper and lower',
    ],
    ['a tensor that is nowhere', ({ weight_map: m }) => void (m['a'] = FIRST), 'is not in'],
    ['a tensor that is not listed', ({ weight_map: m }) => void delete m['model.norm.weight'], 'is not listed'],
    [
      'a tensor in the wrong shard',
      ({ weight_map: m }) => void (m['model.norm.weight'] = FIRST),
      'is not listed for it',
    ],
    [
      'a tensor that stands twice',
      (i) => JSON.stringify(i).replace('"weight_map":{', `"weight_map":{"model.norm.weight":"${FIRST}",`),
      'stands twice',
    ],
    ['a huge name that is nowhere', ({ weight_map: m }) => void (m['\u202e'.repeat(1e5)] = FIRST), 'is not in'],
    [
      'a bomb of empty objects',
      () => `{"metadata":{"a":[${'{},'.repeat(99_000)}{}]},"weight_map":{}}`,
      'more than 1000 objects and lists',
    ],
    ['no weight_map', () => ({}), 'no weight_map'],
    ['an empty weight_map', () => ({ weight_map: {} }), 'no weight_map'],
    ['a weight_map that is a list', () => ({ weight_map: [] }), 'no weight_map'],
    ['a list', () => '[]', 'no weight_map'],
    ['no JSON', () => '{', 'key is missing'],
    [
      'a million shards',
      () => ({
        weight_map: Object.fromEntries(Array.from({ length: 1_000_000 }, (_, i) => [i.toString(36), i.toString(36)])),
      }),
      'more than 100000 entries',
    ],
    [
      'ten thousand and one shards',
      () => ({
        weight_map: Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`t${i}`, `${i}.safetensors`])),
      }),
      '10001 shards',
    ],
  ])('is refused with %s', async (_, change, rule) => {
    await changeIndex(change);
    const error = await refusal();
    expect(error.code).toBe('SAFETENSORS_INVALID');
    expect(error.message).toContain(rule);
    expect(error.message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(error.message.length).toBeLessThan(400);
  });

  test('is refused without one of its shards', async () => {
    await unlink(join(dir, FIRST));
    expect(await refusal()).toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('is refused when its weights are pickled, or when there are none', async () => {
    await unlink(join(dir, INDEX));
    expect(await refusal()).toMatchObject({ code: 'NOT_A_MODEL' });
    await writeFile(join(dir, 'pytorch_model.bin'), '\x80\x04');
    const error = await refusal();
    expect(error.code).toBe('UNSUPPORTED_FORMAT');
    expect(error.message).toContain('pytorch_model.bin');
  });
});
