import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ensureFolder } from './ensure-folder.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-folder-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('makes every missing folder, also when several ask at once, and is content with one that is there', async () => {
  const deep = join(dir, 'a', 'b', 'c');
  await Promise.all([ensureFolder(deep), ensureFolder(deep), ensureFolder(join(dir, 'a', 'b'))]);
  await ensureFolder(deep);
  expect((await stat(deep)).isDirectory()).toBe(true);
});

test('ends with one clear line where no folder can be made', async () => {
  await writeFile(join(dir, 'file'), '');
  const impossible = process.platform === 'linux' ? ['/proc/x/y/z'] : [];
  for (const path of [join(dir, 'file', 'below'), ...impossible]) {
    await expect(ensureFolder(path)).rejects.toMatchObject({
      name: 'ForgeError',
      message: expect.not.stringContaining('\n'),
    });
  }
});
