import { readFile } from 'node:fs/promises';
import { create, type JsonObject } from '@bufbuild/protobuf';
import { RecipeSchema, type PhasePlan } from '@agent-forge/contracts';
import type { World } from './world.js';

const BOOK = new URL('../../../../recipes/data/emma.txt', import.meta.url);

// A network of 20,000 parameters for 60 steps: it ends in seconds and has learnt the letters and little more.
const SMALL: JsonObject = {
  steps: 60,
  hiddenSize: 32,
  intermediateSize: 64,
  layers: 1,
  heads: 2,
  contextLength: 64,
  rows: 8,
  seeds: { a: [], b: [] },
  generalist: false,
};

/** Puts a book into the store. @returns the id of the data set */
export async function uploadBook({ store }: World): Promise<string> {
  const file = { name: 'emma.txt', ...(await store.putFile([await readFile(BOOK)])) };
  const lineage = { parents: [], data: [], phase: 'import', params: {}, seed: null, codeVersion: 'test', metrics: {} };
  return store.putManifest({ version: 1, kind: 'dataset', files: [file], lineage });
}

/** Requests a run of the real phases on it: two seeds of a small network, and a search of a few candidates. */
export async function requestBookRun({ log }: World, run: string, dataId: string, evaluations = 4): Promise<void> {
  const phases = [
    { phase: 'cognate', params: SMALL },
    { phase: 'evomerge', params: { evaluations, population: 2, patience: evaluations } },
  ] as unknown as PhasePlan[];
  const recipe = create(RecipeSchema, { name: run, seed: 7, data: [{ name: 'book', artifactId: dataId }], phases });
  await log.execute('t1', run, { do: 'request', recipe, requestedBy: 'test' });
}
