import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { isTernary } from '@agent-forge/model';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';
import type { BitnetParams } from './params.js';

const PARAMS = { steps: 60, rows: 4, rowLength: 32, itemsPerFamily: 20, speedTokens: 8 };
let shop: Workshop;
let input: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1, next: 1 });
  input = await shop.import(
    'parent',
    tinyModel(1, { hidden_size: 256, intermediate_size: 256, num_attention_heads: 4 }),
  );
  done = await shop.run(phase, { inputs: [input], params: PARAMS });
}, 120_000);
afterAll(() => shop?.close());

describe('bitnet', () => {
  test('makes a ternary model, its control and every form, and measures all of them', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role, kind }) => [role, kind])).toEqual([
      ['ternary', 'model'],
      ['float-continued', 'model'],
      ['gguf-tq2', 'export'],
      ['gguf-tq1', 'export'],
      ['hf-packed', 'export'],
      ['onnx-q2', 'export'],
      ['report', 'report'],
    ]);
    const report = await shop.report(done.outcome);
    const names = [
      'parent',
      'post-training',
      'ternary',
      'float-continued',
      'gguf-tq2',
      'gguf-tq1',
      'hf-packed',
      'onnx-q2',
    ];
    expect(report.rows.map(({ name }) => name)).toEqual(names);
    expect(report.results).toEqual(['ternary']);
    expect(report.comparisons.map(({ than }) => than)).toEqual(['parent', 'float-continued', 'post-training']);
    expect(metrics).toMatchObject({ retention: expect.any(Number), onnxQ2TokensPerSecond: expect.any(Number) });
    const accuracy = (name: string) => report.rows.find((row) => row.name === name)!.accuracy!.estimate;
    for (const [figure, than] of [
      ['retention', 'parent'],
      ['controlRetention', 'float-continued'],
    ] as const)
      expect(metrics[figure]).toBe(accuracy(than) === 0 ? 1 : accuracy('ternary') / accuracy(than));
    expect(done.notes).toEqual([]);
  });

  test('the model that goes on has the mark, and floating-point weights that can be trained on', async () => {
    const { config, weights } = await shop.model(done.outcome, 'ternary');
    expect(config).toMatchObject({ architecture: 'bitnet', ternary: { mode: 'online', scaleGrid: 'float32' } });
    const values = new Set(weights.get('model.layers.0.mlp.up_proj.weight')!.data);
    expect(values.size).toBeGreaterThan(1000);
    expect([...weights.keys()].filter(isTernary)).toHaveLength(7 * config.numLayers);
  });

  test('every form that is read back says what the model says, and is as small as its format', async () => {
    const { rows } = await shop.report(done.outcome);
    const row = (name: string) => rows.find((each) => each.name === name)!;
    // Scales of an imported model are not on the grid of half precision, so GGUF rounds them.
    for (const form of ['gguf-tq2', 'gguf-tq1', 'hf-packed', 'onnx-q2'])
      expect([form, Math.abs(row(form).loss! - row('ternary').loss!) < 0.02]).toEqual([form, true]);
    expect(row('gguf-tq1').sizeBytes).toBeLessThan(row('gguf-tq2').sizeBytes!);
    expect(row('hf-packed').sizeBytes).toBeLessThan(row('parent').sizeBytes!);
  });

  test('a run done again ends with the same bytes', async () => {
    const again = await shop.run(phase, { inputs: [input], params: PARAMS });
    const ids = ({ outcome }: Done) => outcome.artifacts.filter(({ role }) => role !== 'report').map(({ id }) => id);
    expect(ids(again)).toEqual(ids(done));
  });

  test('a form that a model does not fit is left out, with a note', async () => {
    const narrow = await shop.import('narrow', tinyModel(1));
    const { outcome, notes } = await shop.run(phase, {
      inputs: [narrow],
      params: { ...PARAMS, steps: 2, control: false, speedTokens: 0, subNorms: 'none' },
    });
    expect(outcome.artifacts.map(({ role }) => role)).toEqual(['ternary', 'hf-packed', 'onnx-q2', 'report']);
    expect(notes.map(({ code }) => code)).toEqual(['EXPORT_SKIPPED', 'EXPORT_SKIPPED']);
  });

  test('one that is ternary already is refused', async () => {
    const ternary = done.outcome.artifacts.find(({ role }) => role === 'ternary')!;
    await expect(shop.run(phase, { inputs: [ternary], params: PARAMS })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('has the ternary mark already'),
    });
  });

  test('the gate wants most of what the parent could do', () => {
    const judge = (metrics: Record<string, number>) =>
      phase.gate({ artifacts: [], metrics }, { minRetention: 0.9 } as BitnetParams);
    expect(judge({ retention: 0.95 })).toEqual([]);
    expect(judge({ retention: 1.06, controlRetention: 0.85 })).toEqual([
      'controlRetention is 0.850, below minRetention 0.9',
    ]);
    expect(judge({ retention: 0.8 })).toEqual(['retention is 0.800, below minRetention 0.9']);
    expect(judge({})).toEqual(['retention was not measured']);
  });
});
