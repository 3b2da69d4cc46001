import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { resolveParams } from '../phase.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';
import type { QuietstarParams } from './params.js';

const PARAMS = { steps: 3, reinforceSteps: 2, reinforceRows: 3, rows: 3, itemsPerFamily: 12, onNoGain: 'keep' };
let shop: Workshop;
let input: ArtifactName;
let done: Done;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1 });
  input = await shop.import('parent', tinyModel(1));
  done = await shop.run(phase, { inputs: [input], params: PARAMS });
}, 60_000);
afterAll(() => shop?.close());

const rolesOf = ({ outcome }: Done) => outcome.artifacts.map(({ role, kind }) => [role, kind]);

describe('quietstar', () => {
  test('makes a thinking model, its controls, a distilled one and the head, and measures all of them', async () => {
    expect(rolesOf(done)).toEqual([
      ['thinking', 'model'],
      ['distilled', 'model'],
      ['no-thoughts', 'model'],
      ['pause', 'model'],
      ['mixing-head', 'export'],
      ['report', 'report'],
    ]);
    const report = await shop.report(done.outcome);
    const names = ['before', 'no-thoughts', 'pause', 'distilled', 'shuffled', 'skipped', 'thinking'];
    expect(report.rows.map(({ name }) => name)).toEqual(names);
    for (const { families } of report.rows) expect(Object.keys(families!)).toEqual(['parity', 'up']);
    expect(report.comparisons.map(({ than }) => than)).toEqual(names.slice(0, -1));
    expect(report.results).toEqual(['thinking']);
    expect(done.progress.at(-1)).toMatchObject({ stage: 'measure', fraction: 1 });
  });

  test('where thinking does not help, the input goes on, declared, unless the recipe wants otherwise', async () => {
    const passed = await shop.run(phase, { inputs: [input], params: { ...PARAMS, onNoGain: 'pass-through' } });
    expect(passed.outcome.artifacts[0]).toEqual({ id: input.id, kind: 'model', role: 'thinking' });
    expect(passed.outcome.degraded).toMatch(/^thinking does not beat .* so the input goes on as it is$/);
    expect((await shop.report(passed.outcome)).verdicts[0]).toBe('thinking does not help here: the input goes on');
    const failing = shop.run(phase, { inputs: [input], params: { ...PARAMS, onNoGain: 'fail' } });
    await expect(failing).rejects.toMatchObject({
      code: 'GATE_FAILED',
      message: expect.stringMatching(/onNoGain is fail/),
    });
  });

  test('is the same for the same seed', async () => {
    const again = await shop.run(phase, { inputs: [input], params: PARAMS });
    const ids = ({ outcome }: Done) => outcome.artifacts.filter(({ role }) => role !== 'report').map(({ id }) => id);
    expect(ids(again)).toEqual(ids(done));
    expect(again.outcome.metrics).toEqual(done.outcome.metrics);
  });

  test('a model that has no tokens for thoughts gets them', async () => {
    const { tokenizer, ...rest } = tinyModel(2, { vocab_size: 259 });
    const { byteTokenizer } = await import('@agent-forge/model');
    const bare = await shop.import('bare', { ...rest, tokenizer: byteTokenizer(['<bos>', '<eos>', '<pad>']) });
    const { outcome } = await shop.run(phase, {
      inputs: [bare],
      params: { ...PARAMS, warmStart: false, distil: false },
    });
    const made = await shop.model(outcome, 'thinking');
    expect(tokenizer!.vocabSize).toBe(272);
    expect(made.config.vocabSize).toBe(261);
    expect(made.tokenizer!.tokenToId('</think>')).toBe(260);
  });

  test('what has no steps cannot be taught', () => {
    const params = resolveParams(phase, { teach: ['parity', 'copy'] }) as QuietstarParams;
    expect(phase.check!(params, {})).toEqual([
      { path: ['teach', '1'], problem: expect.stringMatching(/family copy has no steps to write/) },
    ]);
  });

  test('the gate looks at what the whole mix lost', () => {
    const params = resolveParams(phase, {}) as QuietstarParams;
    expect(phase.gate({ artifacts: [], metrics: { regression: 0.05 } }, params)).toEqual([]);
    expect(phase.gate({ artifacts: [], metrics: { regression: 0.2 } }, params)).toHaveLength(1);
    expect(phase.gate({ artifacts: [], metrics: {} }, params)).toEqual(['regression was not measured']);
  });
});
