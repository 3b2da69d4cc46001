import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TERNARY_TRAINING } from '@agent-forge/model';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { floatAncestor } from './float-ancestor.js';

let shop: Workshop;
beforeAll(async () => {
  shop = await Workshop.open({ up: 1 });
});
afterAll(() => shop?.close());

test('is the nearest floating-point model of the lineage, behind any number of ternary ones', async () => {
  const float = tinyModel(1);
  const ternary = { ...float, config: { ...float.config, ternary: TERNARY_TRAINING } };
  const grandparent = await shop.import('grandparent', tinyModel(2));
  const parent = await shop.import('parent', float, { parents: [grandparent.id] });
  const start = await shop.import('start', ternary, { phase: 'bitnet', parents: [parent.id] });
  const child = await shop.import('child', ternary, { phase: 'training', parents: [start.id] });
  expect(await floatAncestor(shop.artifacts, child.id)).toBe(parent.id);
  expect(await floatAncestor(shop.artifacts, parent.id)).toBe(grandparent.id);
});

test('is none where there is none, or none that is still in the store', async () => {
  const float = tinyModel(1);
  const ternary = { ...float, config: { ...float.config, ternary: TERNARY_TRAINING } };
  const orphan = await shop.import('orphan', ternary, { seed: 1 });
  expect(await floatAncestor(shop.artifacts, orphan.id)).toBeUndefined();
  const lost = await shop.import('lost', ternary, { parents: ['ab'.repeat(32)] });
  expect(await floatAncestor(shop.artifacts, lost.id)).toBeUndefined();
});
