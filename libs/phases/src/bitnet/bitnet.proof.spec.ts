import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Rng, type ArtifactName } from '@agent-forge/contracts';
import { isTernary, quantiseTernary, type Model } from '@agent-forge/model';
import { resolveParams } from '../phase.js';
import { cognate } from '../registry.js';
import { evaluateFamilies, familyItems } from '../shared/families.js';
import type { PhaseReport } from '../shared/report.js';
import { Workshop, type Done } from '../testing/workshop.js';
import { phase } from './index.js';

/** The planted situation: a floating-point network that knows its tasks. */
const FAMILIES = { copy: 1, rev: 1, sort: 1, next: 1, rot: 1 };
const PARENT = {
  hiddenSize: 256,
  intermediateSize: 256,
  contextLength: 64,
  seeds: { all: [] },
  trunkShare: 0.9,
  steps: 240,
  generalist: false,
  itemsPerFamily: 50,
};
const TERNARY = { steps: 120, itemsPerFamily: 150, speedTokens: 0 };
/** In milliseconds. */
const MINUTE = 60_000;
/** llama.cpp's blocks of 256 weights. */
const BLOCK_BYTES = { 'gguf-tq2': 66, 'gguf-tq1': 54 } as const;

let shop: Workshop;
let input: ArtifactName;
let done: Done;
let report: PhaseReport;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  const { outcome } = await shop.run(cognate, { params: PARENT, threads: 2 });
  input = outcome.artifacts.find(({ role }) => role === 'trunk')!;
  done = await shop.run(phase, { inputs: [input], params: TERNARY, threads: 2 });
  report = await shop.report(done.outcome);
}, 8 * MINUTE);
afterAll(() => shop?.close());

const row = (name: string) => report.rows.find((each) => each.name === name)!;
const difference = (than: string) => report.comparisons.find((each) => each.than === than)!.difference;

/** The same numbers of −1, 0 and 1 in each matrix, at the same scale, in places that mean nothing. */
function shuffled(model: Model): Model {
  const weights = new Map(
    [...model.weights].map(([name, tensor]) => {
      if (!isTernary(name)) return [name, tensor];
      const data = [...tensor.data];
      Rng.derive(1, name).shuffle(data);
      return [name, { ...tensor, data: Float32Array.from(data) }];
    }),
  );
  return { ...model, weights };
}

describe('ternary weights that were trained', () => {
  test('are better than rounding alone and than random ternary ones, beyond doubt; the gap to both floats is said', async () => {
    expect(row('parent').accuracy!.estimate).toBeGreaterThan(0.5);
    expect(difference('post-training').low).toBeGreaterThan(0.2);
    const ternary = await shop.model(done.outcome, 'ternary');
    const items = familyItems(FAMILIES, 'report', 150, 'proof');
    const host = { threads: 2, signal: new AbortController().signal };
    const random = await evaluateFamilies(shuffled(ternary), items, host);
    const own = await evaluateFamilies(ternary, items, host);
    expect(random.loss).toBeGreaterThan(own.loss + 1);
    expect(row('post-training').loss!).toBeGreaterThan(row('ternary').loss!);
    for (const than of ['parent', 'float-continued'])
      expect(difference(than)).toMatchObject({ low: expect.any(Number) });
    console.log(JSON.stringify({ random: [random.accuracy.estimate, random.loss], figures: report.figures }));
    console.log(report.rows.map((r) => [r.name, r.accuracy?.estimate, r.loss, r.sizeBytes].join(' ')).join('\n'));
    console.log(report.verdicts.join('\n'));
  });

  test('pass the gate at its default', () => {
    expect(phase.gate(done.outcome, resolveParams(phase, {}))).toEqual([]);
  });

  test('are no tensor of zeros, and use all three codes in each', async () => {
    const { config, weights } = await shop.model(done.outcome, 'ternary');
    for (const [name, tensor] of weights) {
      if (isTernary(name)) expect(new Set(quantiseTernary(tensor, config.ternary!).codes).size).toBe(3);
      else expect(tensor.data.some((value) => value !== 0)).toBe(true);
    }
  });

  test('lose nothing in GGUF, scales on the grid of half precision', () => {
    // Embedding and head are rounded to half precision there, and nothing else is.
    for (const form of ['gguf-tq2', 'gguf-tq1', 'hf-packed'])
      expect([form, Math.abs(row(form).loss! - row('ternary').loss!) < 2e-3]).toEqual([form, true]);
  });

  test('take the bytes of their format: the two files differ by exactly what their blocks do', async () => {
    const { weights } = await shop.model(done.outcome, 'ternary');
    const count = [...weights].filter(([name]) => isTernary(name)).reduce((n, [, { data }]) => n + data.length, 0);
    const blocks = count / 256;
    expect(Number.isInteger(blocks)).toBe(true);
    const apart = row('gguf-tq2').sizeBytes! - row('gguf-tq1').sizeBytes!;
    expect(apart).toBe(blocks * (BLOCK_BYTES['gguf-tq2'] - BLOCK_BYTES['gguf-tq1']));
  });
});
