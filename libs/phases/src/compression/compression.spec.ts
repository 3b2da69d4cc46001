import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { TERNARY_TRAINING } from '@agent-forge/model';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';
import type { CompressionParams } from './params.js';

const SHAPE = { hidden_size: 256, intermediate_size: 256, num_attention_heads: 4, num_hidden_layers: 1 };
const PARAMS = {
  candidates: ['tq2+f16', 'tq1+int8', 'rans+int4', 'f32+f32', 'int8+int8', 'int4+int8', 'vq2+int8'],
  selectItemsPerFamily: 20,
  divergenceItemsPerFamily: 10,
  itemsPerFamily: 20,
  calibrationBatches: 1,
};
let shop: Workshop;
let teacher: ArtifactName;
let input: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1, next: 1 });
  const parent = tinyModel(1, SHAPE);
  teacher = await shop.import('parent', parent);
  const ternary = { ...parent, config: { ...parent.config, ternary: TERNARY_TRAINING } };
  input = await shop.import('ternary', ternary, { phase: 'bitnet', parents: [teacher.id] });
  done = await shop.run(phase, { inputs: [input], params: PARAMS });
}, 120_000);
afterAll(() => shop?.close());

describe('compression', () => {
  test('makes the smallest sound candidate the final model, with its exports and its compressed file', async () => {
    const { artifacts, metrics } = done.outcome;
    expect(artifacts.map(({ role, kind }) => [role, kind])).toEqual([
      ['final', 'model'],
      ['gguf-tq1', 'export'],
      ['onnx-q2', 'export'],
      ['compressed', 'export'],
      ['report', 'report'],
    ]);
    const report = await shop.report(done.outcome);
    expect(report.rows.map(({ name }) => name).slice(0, 3)).toEqual(['before', 'teacher', 'after']);
    const sound = report.selection!.filter(({ refused }) => refused === undefined);
    const smallest = sound.reduce((a, b) => (b.sizeBytes < a.sizeBytes ? b : a));
    expect(smallest.name).toBe('rans+int4');
    expect(metrics['sizeBytes']).toBe(smallest.sizeBytes);
    expect(phase.gate(done.outcome, { minReportRetention: 0 } as CompressionParams)).toEqual([]);
  });
});
