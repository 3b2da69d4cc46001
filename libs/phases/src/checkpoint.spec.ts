import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MAX_CHECKPOINT_STATE_BYTES, type Json } from '@agent-forge/contracts';
import { FsArtifactStore } from '@agent-forge/artifacts-fs';
import { CmaEs } from '@agent-forge/search';
import { assertCheckpointFits } from './checkpoint.js';
import { genomeForm, startGenome } from './evomerge/genome.js';
import { LocalHost } from './local-host.js';
import { evomerge } from './registry.js';
import type { Task } from './task.js';

/** JSON of exactly so many bytes: two are its quotation marks. */
const stateOf = (sizeBytes: number) => 'x'.repeat(sizeBytes - 2);
const TOO_LARGE = { code: 'PAYLOAD_TOO_LARGE', message: expect.stringContaining('over 32768') };

let dir: string;
let host: LocalHost;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'agent-forge-checkpoint-'));
  const save: Task = async (state, context) => {
    await context.saveCheckpoint({ state, artifacts: [] });
    return { value: null, artifacts: [] };
  };
  host = await LocalHost.open({
    phase: { ...evomerge, tasks: { save } },
    artifacts: await FsArtifactStore.open(join(dir, 'artifacts')),
    workDir: join(dir, 'work'),
    threads: 1,
    codeVersion: 'test',
    signal: new AbortController().signal,
  });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a checkpoint', () => {
  test.each([0, 1])('of a phase may fill its limit and not pass it, by %d', async (over) => {
    const saving = host.saveCheckpoint({ state: stateOf(MAX_CHECKPOINT_STATE_BYTES + over), artifacts: [] });
    if (over === 0) await expect(saving).resolves.toBeUndefined();
    else await expect(saving).rejects.toMatchObject(TOO_LARGE);
  });

  test.each([0, 1])('of a task may fill its limit and not pass it, by %d', async (over) => {
    const saving = host.runTasks('save', [stateOf(MAX_CHECKPOINT_STATE_BYTES + over)]);
    if (over === 0) await expect(saving).resolves.toHaveLength(1);
    else await expect(saving).rejects.toMatchObject(TOO_LARGE);
  });

  test('that is refused leaves the one before it', async () => {
    await host.saveCheckpoint({ state: 'good', artifacts: [] });
    await expect(host.saveCheckpoint({ state: stateOf(40_000), artifacts: [] })).rejects.toMatchObject(TOO_LARGE);
    expect(host.checkpoint).toEqual({ state: 'good', artifacts: [] });
  });

  test('is measured in bytes, not in letters', () => {
    expect(() => assertCheckpointFits('it', { state: 'ä'.repeat(17_000) })).toThrow(expect.objectContaining(TOO_LARGE));
  });
});

test.each([2, 3, 6, 13, 36])('the state of a search over the weights of %d models of many layers fits', (count) => {
  const models = Array.from({ length: count }, (_, i) => `seed-${i}`);
  const start = startGenome(genomeForm('task_arithmetic', { numLayers: 40 }, models, 'trunk'));
  const search = new CmaEs({ start, sigma: 0.12, seed: 'test', population: 12 });
  for (let generation = 0; generation < 20; generation++)
    search.tell(search.ask().map((genome) => genome.reduce((sum, gene, i) => sum + (i + 1) * (gene - 0.3) ** 2, 0)));
  const state = { search: search.state(), lowest: -1 / 3, stale: 1 } as unknown as Json;
  expect(() => assertCheckpointFits('evomerge', { state })).not.toThrow();
});
