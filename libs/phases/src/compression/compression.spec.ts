import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GREEDY } from '@agent-forge/agents';
import { ForgeError, type ArtifactName, type Json } from '@agent-forge/contracts';
import { CODEC_NAMES } from '@agent-forge/codecs';
import { createFamily, familySource, TaskMix } from '@agent-forge/data';
import {
  byteTokenizer,
  freezeTernary,
  isTernary,
  TERNARY_TRAINING,
  trainLanguageModel,
  writeModelFolder,
  type Model,
} from '@agent-forge/model';
import { resolveParams } from '../phase.js';
import { Yardstick } from '../shared/yardstick.js';
import type { Checkpoint, TaskContext } from '../task.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { CODECS } from './candidate.js';
import { COMPRESSED_FILE, readCompressedFolder } from './compressed-folder.js';
import { encodeTask, type EncodeInput } from './encode-task.js';
import { phase } from './index.js';
import type { CompressionParams } from './params.js';

const SHAPE = { hidden_size: 256, intermediate_size: 256, num_attention_heads: 4, num_hidden_layers: 1 };
const SMALL = { selectItemsPerFamily: 10, divergenceItemsPerFamily: 5, itemsPerFamily: 10, calibrationBatches: 1 };
const PARAMS = { ...SMALL, candidates: ['tq1+int8', 'rans+int4', 'f32+f32', 'int4+int8'] };
const TINY = { ...SMALL, exports: [] };

let shop: Workshop;
let teacher: ArtifactName;
let input: ArtifactName;
/** Too small for blocks of 256, and quick. */
let narrow: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1, next: 1 });
  const parent = tinyModel(1, SHAPE);
  teacher = await shop.import('parent', parent);
  input = await shop.import('ternary', marked(parent), { phase: 'bitnet', parents: [teacher.id] });
  narrow = await shop.import('narrow', tinyModel(5));
  done = await shop.run(phase, { inputs: [input], params: PARAMS });
}, 120_000);
afterAll(() => shop?.close());

const marked = (model: Model): Model => ({ ...model, config: { ...model.config, ternary: TERNARY_TRAINING } });

/** Equal numbers; 0 and −0 are. */
function same(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}

async function folderOf(role: string, { outcome }: Done = done): Promise<string> {
  const dir = join(await mkdtemp(join(shop.dir, 'read-')), role);
  await shop.artifacts.materialise(outcome.artifacts.find((artifact) => artifact.role === role)!.id, dir);
  return dir;
}

/** A part by a codec that is calibrated; stopped when so much of it is done. A checkpoint follows every tensor. */
async function makePart(checkpoint: Checkpoint | undefined, stopAt = Infinity, threads = 1) {
  const plan: EncodeInput = {
    ...{ model: narrow.id, part: 'matrices', codec: 'vq2' },
    calibration: { families: { up: 1 }, data: [], textShare: 0.5, rows: 2, rowLength: 32, batches: 1, seed: 1 },
  };
  const aborter = new AbortController();
  const saved: Checkpoint[] = [];
  const context: TaskContext = {
    ...{ artifacts: shop.artifacts, threads, codeVersion: 'test', signal: aborter.signal, checkpoint },
    workDir: await mkdtemp(join(shop.dir, 'task-')),
    saveCheckpoint: async (each) => void saved.push(JSON.parse(JSON.stringify(each)) as Checkpoint),
    report: ({ fraction }) => fraction >= stopAt && aborter.abort(),
  };
  const output = await encodeTask(plan as unknown as Json, context, 0).catch((error: unknown) =>
    ForgeError.from(error),
  );
  return { output, saved };
}

test('the final model has a card that says where it comes from, what was measured, and what was lost', async () => {
  const dir = await folderOf('final');
  const card = await readFile(join(dir, 'README.md'), 'utf8');
  expect(card).toMatch(/^---\nlibrary_name: transformers\n/);
  expect(card).toContain('tags: [agent-forge, ternary, bitnet]');
  expect(card).toContain('### compression');
  expect(card).not.toMatch(/undefined|NaN|\n\n\n/);
  for (const verdict of (await shop.report(done.outcome)).verdicts.slice(0, 2)) expect(card).toContain(`- ${verdict}`);
  expect(card).toMatch(
    new RegExp(`this model\\n  ${input.id.slice(0, 12)}  bitnet \\(model\\)\\n    ${teacher.id.slice(0, 12)}`),
  );
  expect(await readFile(join(dir, 'accuracy.svg'), 'utf8')).toContain('<title>Held-out accuracy');
});

describe('compression of a ternary model', () => {
  test('ends with the final model, its exports and its compressed file', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role, kind }) => [role, kind])).toEqual([
      ['final', 'model'],
      ['gguf-tq1', 'export'],
      ['onnx-q2', 'export'],
      ['compressed', 'export'],
      ['report', 'report'],
    ]);
    const { rows, results } = await shop.report(done.outcome);
    expect(rows.map(({ name }) => name)).toEqual(['before', 'teacher', 'after', 'runner-up', 'gguf-tq1', 'onnx-q2']);
    expect(results).toEqual(['after']);
    expect(metrics['timesSmaller']).toBeGreaterThan(10);
  });

  test('the smallest sound candidate is chosen; its bytes are those of its file', async () => {
    const { selection } = await shop.report(done.outcome);
    expect(selection!.map(({ name }) => name)).toEqual(PARAMS.candidates);
    const sound = selection!.filter(({ refused }) => refused === undefined);
    const smallest = sound.reduce((a, b) => (b.sizeBytes < a.sizeBytes ? b : a));
    const compressed = done.outcome.artifacts.find(({ role }) => role === 'compressed')!;
    const { files } = await shop.artifacts.manifest(compressed.id);
    expect(files.find(({ name }) => name === COMPRESSED_FILE)!.sizeBytes).toBe(smallest.sizeBytes);
    expect(done.outcome.metrics['sizeBytes']).toBe(smallest.sizeBytes);
    expect(selection!.find(({ name }) => name === 'f32+f32')).toMatchObject({
      divergence: 0,
      refused: expect.stringContaining('it is no smaller than what came in'),
    });
  });

  test('final folder and compressed file hold the same values; those of the matrices are the ternary ones that came in, to the bit', async () => {
    const final = await shop.model(done.outcome, 'final');
    const decoded = await readCompressedFolder(await folderOf('compressed'), final);
    const before = freezeTernary(marked(tinyModel(1, SHAPE)));
    expect(final.config.ternary).toMatchObject({ mode: 'offline' });
    for (const [name, { data }] of decoded.weights) {
      expect([name, same(final.weights.get(name)!.data, data)]).toEqual([name, true]);
      if (isTernary(name)) expect([name, same(data, before.weights.get(name)!.data)]).toEqual([name, true]);
    }
  });

  test('parts that candidates have in common are made once', () => {
    // Four of matrices, and three of tables: int8 and f32 and int4 of two models each at most.
    const parts =
      new Set(['tq1', 'rans', 'f32', 'int4']).size + new Set(['input int8', 'input int4', 'f32', 'int8']).size;
    expect(done.taskRuns).toBe(parts + PARAMS.candidates.length);
  });

  test('a run done again ends with the same bytes', async () => {
    const params = { ...TINY, candidates: ['vq2+int8'] };
    const run = async () => (await shop.run(phase, { inputs: [narrow], params })).outcome.artifacts;
    const ids = (artifacts: readonly ArtifactName[]) => artifacts.slice(0, -1).map(({ id }) => id);
    expect(ids(await run())).toEqual(ids(await run()));
  });
});

describe('without a floating-point ancestor', () => {
  test('a ternary model is its own teacher, and floating-point candidates are left out, with notes', async () => {
    const dir = join(await mkdtemp(join(shop.dir, 'orphan-')), 'model');
    await writeModelFolder(dir, marked(tinyModel(2)));
    await writeFile(join(dir, 'agent.json'), JSON.stringify(GREEDY));
    const { lineage } = await shop.artifacts.manifest(teacher.id);
    const orphan = await shop.artifacts.putFolder(dir, 'orphan', { kind: 'model', lineage });
    const { outcome, notes } = await shop.run(phase, {
      inputs: [orphan],
      params: { ...TINY, candidates: ['tq1+int8', 'int4+int8'] },
    });
    expect(notes.map(({ code }) => code)).toEqual(['NO_FLOAT_TEACHER', 'CANDIDATE_SKIPPED', 'CHOSEN']);
    const { rows, selection } = await shop.report(outcome);
    expect(rows.map(({ name }) => name)).toEqual(['before', 'after']);
    expect(selection).toHaveLength(1);
    // What lies beside the model goes on with it.
    const { files } = await shop.artifacts.manifest(outcome.artifacts[0]!.id);
    expect(files.map(({ name }) => name)).toContain('agent.json');
  });
});

test('candidates are judged on the select part: what loses nothing keeps exactly what came in is worth there', async () => {
  const families = { parity: 1 };
  const start = tinyModel(1, { hidden_size: 64, intermediate_size: 128 });
  const shape = { part: 'train', tokenizer: byteTokenizer(), rows: 16, length: 63, seed: 1 } as const;
  const source = new TaskMix({ sources: [familySource(createFamily('parity'), 1)], ...shape });
  const { model } = await trainLanguageModel({
    model: start,
    source,
    steps: 60,
    optimizer: { name: 'adamw', learningRate: 1e-2 },
  });
  const half = await shop.import('half', model);
  const params = { ...TINY, selectItemsPerFamily: 40, candidates: ['f32+f32', 'int8+int8'] };
  const { outcome } = await shop.run(phase, { inputs: [half], params, families });
  const accuracyOn = async (part: 'select' | 'report') => {
    const job = { families, data: [], seed: 1, artifacts: shop.artifacts, workDir: shop.dir };
    const yardstick = await Yardstick.of(job, part, 40);
    const { tasks } = await yardstick.measure(model, { threads: 1, signal: new AbortController().signal });
    return tasks!.accuracy.estimate;
  };
  const [lossless] = (await shop.report(outcome)).selection!.filter(({ name }) => name === 'f32+f32');
  expect(lossless).toMatchObject({ accuracy: await accuracyOn('select'), retention: { estimate: 1, low: 1, high: 1 } });
  expect(lossless!.accuracy).toBeGreaterThan(0.2);
  expect(lossless!.accuracy).not.toBe(await accuracyOn('report'));
});

test('an agent that asks experts stays behind with them, and a note says so', async () => {
  const dir = join(await mkdtemp(join(shop.dir, 'routed-')), 'model');
  await writeModelFolder(dir, marked(tinyModel(2)));
  const nodes = [
    { id: 'm', kind: 'route' },
    { ...GREEDY.nodes[0]!, model: 'm' },
  ];
  await writeFile(join(dir, 'agent.json'), JSON.stringify({ ...GREEDY, nodes }));
  await mkdir(join(dir, 'experts'));
  await writeFile(join(dir, 'experts', 'experts.json'), '{}');
  const { lineage } = await shop.artifacts.manifest(teacher.id);
  const routed = await shop.artifacts.putFolder(dir, 'routed', { kind: 'model', lineage });
  const { outcome, notes } = await shop.run(phase, { inputs: [routed], params: { ...TINY, candidates: ['tq1+int8'] } });
  expect(notes.map(({ code }) => code)).toContain('AGENT_LEFT');
  const { files } = await shop.artifacts.manifest(outcome.artifacts[0]!.id);
  expect(files.filter(({ name }) => /agent|experts/.test(name))).toEqual([]);
});

test('a ternary model with a scale for each row keeps the weights behind its codes, where no packed layout holds them', async () => {
  const model = tinyModel(4, { hidden_size: 48, intermediate_size: 56 });
  const config = { ...model.config, ternary: { ...TERNARY_TRAINING, scaleAxis: 'channel' as const } };
  const channel = await shop.import('channel', { ...model, config });
  const params = { ...TINY, candidates: ['tq1+int8', 'rans+int8'] };
  const done = await shop.run(phase, { inputs: [channel], params });
  expect(done.notes.map(({ code }) => code)).toEqual(['NO_FLOAT_TEACHER', 'CANDIDATE_SKIPPED', 'CHOSEN']);
  const final = await shop.model(done.outcome, 'final');
  const decoded = await readCompressedFolder(await folderOf('compressed', done), final);
  expect(final.config.ternary).toEqual(config.ternary);
  for (const [name, { data }] of freezeTernary(final).weights)
    expect([name, same(data, decoded.weights.get(name)!.data)]).toEqual([name, true]);
});

describe('compression of a floating-point model', () => {
  test('of any width, on text alone, with a head of its own', async () => {
    const model = tinyModel(3, { hidden_size: 48, intermediate_size: 56, tie_word_embeddings: false });
    const plain = await shop.import('plain', model);
    const data = [
      await shop.dataSet(
        'text',
        Array.from({ length: 8000 }, (_, i) => `The line ${i} is not of ${i * i}.\n\n`).join(''),
      ),
    ];
    const params = {
      ...TINY,
      candidates: ['int8+int8', 'int4+int8', 'tq1+int8'],
      exports: ['gguf', 'onnx'],
      minRetention: 0.5,
    };
    const { outcome, notes } = await shop.run(phase, { inputs: [plain], params, data, families: {} });
    expect(notes.map(({ code }) => code)).toEqual(['CANDIDATE_SKIPPED', 'CHOSEN']);
    expect(outcome.artifacts.map(({ role }) => role)).toEqual(['final', 'gguf-q4', 'onnx-q4', 'compressed', 'report']);
    const { selection, rows } = await shop.report(outcome);
    expect(selection![0]).toMatchObject({ name: 'int8+int8', bitsPerByte: expect.any(Number) });
    expect(rows[0]).toMatchObject({ name: 'before', bitsPerByte: expect.any(Number) });
    const final = await shop.model(outcome, 'final');
    const decoded = await readCompressedFolder(await folderOf('compressed', { outcome } as Done), final);
    for (const [name, { data: values }] of decoded.weights)
      expect([name, same(final.weights.get(name)!.data, values)]).toEqual([name, true]);
  });
});

test('the bytes of a part do not depend on the threads that its calibration ran on', async () => {
  const make = async (threads: number) => (await makePart(undefined, Infinity, threads)).output;
  expect(await make(2)).toEqual(await make(1));
});

test('a part whose making is stopped goes on where it was, and ends with the very bytes of one that never was', async () => {
  const whole = await makePart(undefined);
  const stopped = await makePart(undefined, 0.4);
  expect(stopped.output).toBeInstanceOf(ForgeError);
  expect(stopped.saved.at(-1)!.state).toEqual({ tensors: 6 });
  const resumed = await makePart(stopped.saved.at(-1));
  expect(resumed.saved).toHaveLength(8);
  expect(resumed.output).toEqual(whole.output);
});

describe('parameters', () => {
  const mistakes = (given: object) => phase.check!(resolveParams(phase, given), {}, []);

  test('know every codec that there is', () => {
    expect(CODECS.toSorted()).toEqual(CODEC_NAMES.toSorted());
    expect(mistakes({})).toEqual([]);
  });

  test('name a candidate or a rule; tables are not ternary', () => {
    expect(mistakes({ choose: 'best' })[0]!.problem).toContain(
      'it must be smallest or closest, or one of the candidates',
    );
    expect(mistakes({ candidates: ['tq1+tq1'] })[0]!.problem).toContain('embedding and head are not ternary');
    expect(() => resolveParams(phase, { candidates: ['zip+int8'] })).toThrow(ForgeError);
  });

  test('the gate wants most of what came in, in fewer bytes', () => {
    const judge = (metrics: Record<string, number>) =>
      phase.gate({ artifacts: [], metrics }, { minReportRetention: 0.97 } as CompressionParams);
    expect(judge({ retention: 0.99, timesSmaller: 4 })).toEqual([]);
    expect(judge({ retention: 0.9, timesSmaller: 4 })).toEqual(['retention is 0.900, below minReportRetention 0.97']);
    expect(judge({ timesSmaller: 0.9 })).toEqual([
      'retention was not measured',
      'what was chosen is no smaller than what came in',
    ]);
  });
});
