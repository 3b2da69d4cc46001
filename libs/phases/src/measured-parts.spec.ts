import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ArtifactName } from '@agent-forge/contracts';
import { TERNARY_TRAINING, type Model } from '@agent-forge/model';
import type { Phase } from './phase.js';
import { baking, bitnet, cognate, compression, evomerge, quietstar, training } from './registry.js';
import { Yardstick } from './shared/yardstick.js';
import { tinyModel } from './testing/tiny-model.js';
import { Workshop, type Done } from './testing/workshop.js';

/** Many answers of few letters: even untrained models have losses that tell the parts apart. */
const FAMILIES = { up: 1, copy: 1 };
const ITEMS = 20;
const SHORT = { itemsPerFamily: ITEMS, steps: 3, rows: 2 };

/** A phase with what makes it short, and the row of its report that is the model of a role. */
const PHASES: readonly { phase: Phase; params: object; role: string; row: string; models?: number; ternary?: true }[] = [
  { phase: cognate, params: { ...SHORT, hiddenSize: 16, intermediateSize: 16, layers: 1, heads: 2, seeds: { all: [] }, generalist: false }, role: 'trunk', row: 'trunk', models: 0 },
  { phase: evomerge, params: { evaluations: 3, reportItemsPerFamily: ITEMS }, role: 'merged', row: 'champion', models: 2 },
  { phase: quietstar, params: { ...SHORT, warmSteps: 0, thoughtTokens: 3, onNoGain: 'keep', families: ['up'] }, role: 'thinker', row: 'before' },
  { phase: bitnet, params: { ...SHORT, exports: [], speedTokens: 0, minRetention: 0 }, role: 'ternary', row: 'ternary' },
  { phase: training, params: { ...SHORT, arms: ['plain'], whenNoGain: 'arm', maxRegression: 1 }, role: 'trained', row: 'plain' },
  { phase: baking, params: { ...SHORT, rows: 4, bakes: [{ name: 'a', prompt: 'end !', queries: ['copy'] }], queriesPerFamily: 4, answerTokens: 8, minFollowing: 0, maxForgetting: 1 }, role: 'input', row: 'before' },
  { phase: compression, params: { itemsPerFamily: ITEMS, selectItemsPerFamily: 10, divergenceItemsPerFamily: 5, calibrationBatches: 1, exports: [], candidates: ['int8+int8'] }, role: 'input', row: 'before' },
]; // prettier-ignore

let shop: Workshop;
let inputs: readonly ArtifactName[];
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  inputs = [await shop.import('one', tinyModel(1)), await shop.import('two', tinyModel(2))];
});
afterAll(() => shop?.close());

/** The loss of a model on a part, as a phase of seed 1 draws it. */
async function lossOn(part: 'select' | 'report', model: Model): Promise<number> {
  const job = { families: FAMILIES, data: [], seed: 1, artifacts: shop.artifacts, workDir: shop.dir };
  const yardstick = await Yardstick.of(job, part, ITEMS);
  const { tasks } = await yardstick.measure(model, { threads: 1, signal: new AbortController().signal });
  return tasks!.loss;
}

test.each(PHASES)('$phase.name reports what its models do on the report part', async (each) => {
  const { phase, params, role, row, models = 1 } = each;
  const done: Done = await shop.run(phase, { params, inputs: inputs.slice(0, models), seed: 1 });
  const { rows } = await shop.report(done.outcome);
  const isInput = row === 'before';
  const model = isInput ? tinyModel(1) : await shop.model(done.outcome, role);
  const reported = rows.find(({ name }) => name === row)!.loss!;
  expect(reported).toBeCloseTo(await lossOn('report', model), 5);
  expect(Math.abs(reported - (await lossOn('select', model)))).toBeGreaterThan(1e-4);
});

test('the float control of bitnet is trained for as many steps as the ternary model', async () => {
  const params = { ...SHORT, exports: [], speedTokens: 0, minRetention: 0 };
  const { outcome } = await shop.run(bitnet, { params, inputs: inputs.slice(0, 1), seed: 1 });
  const stepsOf = async (role: string) => {
    const { id } = outcome.artifacts.find((artifact) => artifact.role === role)!;
    return (await shop.artifacts.manifest(id)).lineage.params['steps'];
  };
  expect(await stepsOf('ternary')).toBe(3);
  expect(await stepsOf('float-continued')).toBe(3);
  expect((await shop.model(outcome, 'ternary')).config.ternary).toMatchObject({ mode: TERNARY_TRAINING.mode });
});
