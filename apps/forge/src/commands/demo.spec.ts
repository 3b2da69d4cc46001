import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { forge, startForge } from '../testing/command.js';

let dir: string;
beforeAll(async () => void (dir = await mkdtemp(join(tmpdir(), 'agent-forge-demo-'))));
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('what is wrong with forge demo is said in one line', () => {
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
