import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { collectLineage, LINEAGE_FILE, type LineageDocument } from '@agent-forge/contracts';
import { forge } from '../testing/command.js';

let base: string;
let store: FsArtifactStore;
let ids: string[];
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'agent-forge-verify-'));
  store = await FsArtifactStore.open(join(base, 'data', 'artifacts'));
  ids = [await put('book', 'dataset', [], []), await put('trunk', 'model', [], [0])];
  ids.push(await put('merged', 'model', [1], [0]));
  const lineage = await collectLineage(ids[2]!, (id) => store.manifest(id));
  await store.materialise(ids[2]!, join(base, 'out'));
  await writeFile(join(base, 'out', LINEAGE_FILE), JSON.stringify(lineage));
});
afterEach(() => rm(base, { recursive: true }));

async function put(name: string, kind: 'dataset' | 'model', parents: number[], data: number[]): Promise<string> {
  const made = (ids ?? []) as string[];
  const dir = join(base, name);
  await mkdir(dir);
  await writeFile(join(dir, 'a.txt'), `first file of ${name}`);
  await writeFile(join(dir, 'b.txt'), `second file of ${name}`);
  const of = (indices: number[]) => indices.map((i) => made[i]!);
  const lineage = {
    parents: of(parents),
    data: of(data),
    phase: 'cognate',
    params: {},
    seed: 1,
    codeVersion: 't',
    metrics: { loss: 0.5 },
  };
  const { id } = await store.putFolder(dir, name, { kind, lineage });
  ids = [...made, id];
  return id;
}

const verify = async (...args: string[]) => {
  const { code, stdout, stderr } = await forge(base, 'verify', 'out', '--data-dir', 'data', ...args);
  return { code, stdout, stderr };
};
const edit = async (change: (document: LineageDocument) => unknown) => {
  const path = join(base, 'out', LINEAGE_FILE);
  const document = JSON.parse(await readFile(path, 'utf8')) as LineageDocument;
  await writeFile(path, JSON.stringify(change(document)));
};
const digestOf = async (id: string, at: number) => (await store.manifest(id)).files[at]!.digest;
const storedFile = (digest: string) => join(base, 'data', 'artifacts', 'files', digest.slice(0, 2), digest);

describe('forge verify', () => {
  test('hashes the folder and everything that it was made from', async () => {
    const { code, stdout } = await verify();
    expect(code).toBe(0);
    expect(stdout.match(/^ok .*2 file\(s\)/gm)).toHaveLength(3);
    expect(stdout).toContain(`is artifact ${ids[2]}`);
    expect(stdout).toContain('3 manifests are right, and so are all files of 3 of them');
    const { artifacts, valid } = JSON.parse((await verify('--json')).stdout) as { artifacts: object[]; valid: boolean };
    expect([artifacts.length, valid]).toEqual([3, true]);
  });

  test('without the store hashes the folder and every manifest', async () => {
    const { code, stdout } = await verify('--data-dir', 'elsewhere');
    expect(code).toBe(0);
    expect(stdout.match(/manifest only/g)).toHaveLength(2);
    expect(stdout).toContain('3 manifests are right, and so are all files of 1 of them');
  });

  test.each<[string, () => Promise<unknown>, RegExp]>([
    ['a byte of the folder', () => writeFile(join(base, 'out', 'a.txt'), 'First file of merged'), /a\.txt was changed/],
    ['the length of a file', () => writeFile(join(base, 'out', 'b.txt'), ''), /b\.txt has 0 bytes instead of 21/],
    ['a file that is gone', () => rm(join(base, 'out', 'a.txt')), /a\.txt is missing/],
    [
      'a file of a parent',
      async () => writeFile(storedFile(await digestOf(ids[1]!, 0)), 'Xirst file of trunk'),
      /it is damaged/,
    ],
    [
      'a figure of the model',
      () =>
        edit((d) => ({
          ...d,
          manifests: d.manifests.map((m) => ({ ...m, lineage: { ...m.lineage, metrics: { loss: 0.1 } } })),
        })),
      /it was changed/,
    ],
    [
      'a figure of a parent alone',
      () =>
        edit((d) => ({
          ...d,
          manifests: d.manifests.map((m, i) => (i === 1 ? { ...m, lineage: { ...m.lineage, seed: 2 } } : m)),
        })),
      /is missing or was changed/,
    ],
    ['a parent that is left out', () => edit((d) => ({ ...d, manifests: d.manifests.slice(0, 2) })), /is missing/],
    ['what is no lineage', () => edit(() => ({ version: 2 })), /is no lineage/],
  ])('finds %s', async (_, tamper, message) => {
    await tamper();
    const { code, stderr } = await verify();
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    expect(stderr).toMatch(/^forge: [^\n]* \(DIGEST_MISMATCH\)\n$/);
  });

  test('says what a folder without lineage lacks', async () => {
    await rm(join(base, 'out', LINEAGE_FILE));
    expect(await verify()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/lineage\.json cannot be read; .*FILE_NOT_FOUND/),
    });
  });
});
