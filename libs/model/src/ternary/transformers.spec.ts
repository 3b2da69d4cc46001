import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Graph, Session, gradients } from '@agent-forge/tensor';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openModelFolder, readModelFolder } from '../folder/read-model-folder.js';
import { writeModelFolder } from '../folder/write-model-folder.js';
import { openSafetensors } from '../safetensors/open-safetensors.js';
import { fullLogits } from '../testing/full-logits.js';
import { languageModelLoss } from '../training/language-model-loss.js';
import type { Model } from '../weights.js';
import { isTernary } from './mark.js';
import { freezeTernary } from './quantise-weights.js';
import { addSubNorms } from './sub-norms.js';
import {
  FIXTURES,
  SMALL,
  digests,
  expectedLogits,
  logitError,
  meanSquare,
  randomModel,
  readMaster,
} from './testing.js';
import { writePackedFolder } from './write-packed-folder.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'forge-ternary-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function logitsOf(model: Model, inputIds: readonly (readonly number[])[]): Promise<number[]> {
  const rows = [];
  for (const ids of inputIds) rows.push(...(await fullLogits(model, ids)));
  return rows.flatMap((row) => [...row]);
}

/** Loss and straight-through gradients of a batch, as training builds them. */
async function gradientsOf(model: Model, inputIds: readonly (readonly number[])[]) {
  const [rows, length] = [inputIds.length, inputIds[0]!.length - 1];
  const graph = new Graph();
  const tensors = new Map([...model.weights].map(([name, t]) => [name, graph.floatInput(name, t.shape)]));
  const ids = (from: number) => inputIds.flatMap((row) => row.slice(from, from + length));
  const constant = (data: number[]) => graph.constant('int32', [rows, length], data);
  const weights = graph.constant('float32', [rows, length], new Float32Array(rows * length).fill(1 / (rows * length)));
  const batch = { inputIds: constant(ids(0)), targets: constant(ids(1)), weights };
  const { loss } = languageModelLoss(model.config, { rows, length, packed: false })(graph, tensors, batch);
  const grads = gradients(loss, [...tensors.values()]);
  const outputs = Object.fromEntries([...tensors.keys()].map((name, i) => [`grad.${name}`, grads[i]!]));
  const session = await Session.of(graph, { loss, ...outputs }, { threads: 1 });
  const feeds = [...model.weights].map(([name, t]) => [name, { dtype: 'float32' as const, ...t }]);
  const result = await session.run(Object.fromEntries(feeds));
  await session.release();
  return new Map(Object.entries(result).map(([name, t]) => [name, t.data as Float32Array]));
}

describe('transformers agrees', () => {
  test('on the logits of floating-point weights with online quantisation', async () => {
    const { inputIds, logits } = await expectedLogits(FIXTURES.master);
    const error = logitError(await logitsOf(await readMaster(), inputIds), logits);
    expect(error.nearlyAll).toBeLessThan(1e-4);
    expect(error.most).toBeLessThan(1e-2);
  });

  test('on the straight-through gradients', async () => {
    const { inputIds } = await expectedLogits(FIXTURES.master);
    const expected = await openSafetensors(`${FIXTURES.master}/expected-gradients.safetensors`);
    const ours = await gradientsOf(await readMaster(), inputIds);
    for (const name of expected.tensors.keys()) {
      const theirs = (await expected.read(name)).data;
      const difference = ours.get(name)!.map((x, i) => x - theirs[i]!);
      expect(Math.sqrt(meanSquare(difference) / meanSquare(theirs))).toBeLessThan(1e-3);
    }
  });

  test('on the logits of packed weights', async () => {
    const { inputIds, logits } = await expectedLogits(FIXTURES.packed);
    const model = await readModelFolder(FIXTURES.packed);
    expect(model.config.ternary).toMatchObject({ mode: 'offline', linearClass: 'bitlinear' });
    const error = logitError(await logitsOf(model, inputIds), logits);
    expect(error.nearlyAll).toBeLessThan(1e-4);
    expect(error.most).toBeLessThan(1e-2);
  });

  test('on the packed file: every byte of weights, and every scale to the rounding of its sum', async () => {
    const path = join(dir, 'packed');
    await writePackedFolder(path, await readMaster());
    const [ours, theirs] = [await openSafetensors(path), await openSafetensors(FIXTURES.packed)];
    expect(new Set(ours.tensors.keys())).toEqual(new Set(theirs.tensors.keys()));
    for (const name of theirs.tensors.keys()) {
      const [got, want] = [await ours.readTyped(name), await theirs.readTyped(name)];
      if (!name.endsWith('_scale')) expect([name, got]).toEqual([name, want]);
      else expect(Math.abs(Number(got.data[0]) / Number(want.data[0]) - 1)).toBeLessThan(2 ** -22);
    }
    const config = async (folder: string) =>
      (JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as Record<string, unknown>)[
        'quantization_config'
      ];
    expect(await config(path)).toEqual(await config(FIXTURES.packed));
  });
});

describe('packed folders', () => {
  test.each([
    ['bitlinear', SMALL],
    ['autobitlinear', SMALL],
    ['autobitlinear', { ...SMALL, ternary: { ...SMALL.ternary!, scaleGrid: 'float32' as const } }],
  ] as const)('%s: read again, the same model to the last bit', async (linearClass, config) => {
    const model = randomModel(config);
    const path = await mkdtemp(join(dir, 'again-'));
    await writePackedFolder(path, model, { linearClass });
    const again = await readModelFolder(path);
    expect(digests(again.weights)).toEqual(digests(freezeTernary(model).weights));
    const inputIds = [[1, 2, 3, 200, 256]];
    expect(await logitsOf(again, inputIds)).toEqual(await logitsOf(model, inputIds));
    const folder = await openModelFolder(path);
    expect(folder.shapes.get('model.layers.0.mlp.down_proj.weight')).toEqual([256, 512]);
  });

  test('take two bits for a weight', async () => {
    const path = join(dir, 'size');
    const model = randomModel();
    await writePackedFolder(path, model);
    const file = await openSafetensors(path);
    for (const [name, { data }] of model.weights)
      expect(file.tensors.get(name)!.sizeBytes).toBe(isTernary(name) ? data.length / 4 : data.length * 4);
  });

  test.each([
    ['no mark', { ternary: undefined }, 'mark'],
    ['channels', { ternary: { ...SMALL.ternary!, scaleAxis: 'channel' as const } }, 'channel'],
    ['odd rows', { intermediateSize: 510 }, '510 rows'],
  ])('refuses %s', async (_, change, reason) => {
    const { ternary, ...config } = { ...SMALL, ...change };
    const model = randomModel(ternary ? { ...config, ternary } : config);
    const work = writePackedFolder(join(dir, 'refused'), model);
    await expect(work).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) });
  });

  test('a frozen model is not written as one that can be trained', async () => {
    const work = writeModelFolder(join(dir, 'frozen'), freezeTernary(randomModel()));
    await expect(work).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

test('the mark is written and read', async () => {
  const path = join(dir, 'marked');
  const model = addSubNorms(randomModel());
  await writeModelFolder(path, model);
  const again = await readModelFolder(path);
  expect(again.config).toEqual(model.config);
  expect(digests(again.weights)).toEqual(digests(model.weights));
});
