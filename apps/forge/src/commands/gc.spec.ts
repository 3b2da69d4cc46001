import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { RecipeSchema, type Lineage } from '@agent-forge/contracts';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { findEmbeddedServer, RunLog, startEmbeddedServer } from '@agent-forge/nats';
import { startTestBroker, type TestBroker } from '@agent-forge/nats/testing';
import { artifactsDir } from '@agent-forge/runtime';
import type { GarbageReport } from '../gc/collect-garbage.js';
import { forge } from '../testing/command.js';

const lineage: Lineage = {
  parents: [],
  data: [],
  phase: 'import',
  params: {},
  seed: null,
  codeVersion: 'test',
  metrics: {},
};
let broker: TestBroker;
let store: FsArtifactStore;
beforeAll(async () => {
  broker = await startTestBroker();
  store = await FsArtifactStore.open(artifactsDir(broker.dataDir));
});
afterAll(() => broker?.stop());

async function put(text: string, parents: string[] = []): Promise<string> {
  const files = [{ name: 'text.txt', ...(await store.putFile([Buffer.from(text)])) }];
  return store.putManifest({ version: 1, kind: 'dataset', files, lineage: { ...lineage, parents } });
}

/** Everything in the store is two days old. */
async function age(): Promise<void> {
  const before = new Date(Date.now() - 48 * 3_600_000);
  for (const name of await readdir(store.root, { recursive: true }))
    await utimes(join(store.root, name), before, before);
}

async function gc(...args: string[]): Promise<GarbageReport> {
  const { stdout, stderr, code } = await forge(broker.dataDir, 'gc', '--data-dir', '.', '--json', ...args);
  expect([stderr, code]).toEqual(['', 0]);
  return JSON.parse(stdout) as GarbageReport;
}

test('beside a running system, what no run needs goes when it is old, and nothing else', async () => {
  const origin = await put('origin');
  const [needed, unneeded] = [await put('needed', [origin]), await put('unneeded')];
  const none = await forge(broker.dataDir, 'gc', '--data-dir', '.');
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringMatching(/3 artifact\(s\), but its log no run at all.*--force/),
  ]);

  const data = [{ name: 'text', artifactId: needed }];
  const recipe = create(RecipeSchema, { name: 'x', seed: 1, data, phases: [{ phase: 'cognate' }] });
  await new RunLog(broker.connection, '/test').execute('t1', 'r1', { do: 'request', recipe, requestedBy: 'test' });
  expect(await gc()).toMatchObject({ artifacts: [], files: 0, kept: 3 });
  await age();
  const young = await put('young');
  const expected = { artifacts: [unneeded], files: 1, kept: 3, sizeBytes: expect.any(Number) };
  expect(await gc('--dry-run')).toMatchObject({ ...expected, dryRun: true });
  expect(await gc()).toMatchObject({ ...expected, dryRun: false });
  const left = [];
  for await (const id of store.list()) left.push(id);
  expect(left).toEqual([origin, needed, young].sort());
  expect(await gc('--grace', '0')).toMatchObject({ artifacts: [young], kept: 2 });
}, 60_000);

test('without a system, it reads the log of the data directory itself and leaves nothing running', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-gc-'));
  try {
    const missing = await forge(dir, 'gc');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringMatching(/is no data directory.*FILE_NOT_FOUND/)]);
    await (await startEmbeddedServer({ dataDir: join(dir, 'data') })).stop();
    const { code, stdout } = await forge(dir, 'gc', '--data-dir', 'data');
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^removed 0 artifacts and 0 files, 0\.0 MB; kept 0 artifacts/),
    ]);
    expect(await findEmbeddedServer(join(dir, 'data'))).toBeUndefined();
    const bad = await forge(dir, 'gc', '--grace', '-1');
    expect(bad.code).toBe(1);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 60_000);
