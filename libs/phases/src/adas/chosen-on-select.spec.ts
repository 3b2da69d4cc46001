import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Json } from '@agent-forge/contracts';
import {
  decompose,
  fitCentroids,
  initScales,
  nearestClass,
  promptStates,
  scaledModels,
  weightsDigest,
  writeExpertPack,
  type Model,
} from '@agent-forge/model';
import { resolveParams } from '../phase.js';
import { familyItems } from '../shared/families.js';
import { fitnessOf } from '../shared/fitness.js';
import { Yardstick } from '../shared/yardstick.js';
import { taskContext } from '../testing/task-context.js';
import { tinyModel } from '../testing/tiny-model.js';
import { Workshop } from '../testing/workshop.js';
import { chooseDomains } from './domains.js';
import { phase } from './index.js';
import { mixTask, type MixOutput } from './mix-task.js';
import type { AdasParams } from './params.js';
import { fitRouter, itemPrompts } from './router.js';

type Part = 'select' | 'report';

const FAMILIES = { copy: 1, rev: 1, up: 1 };
const NAMES = Object.keys(FAMILIES);
/** So many seeds are looked through for one with which the two parts say different things: only there it can be seen which one was asked. */
const SEEDS = 200;
const host = { threads: 1, signal: new AbortController().signal };

let shop: Workshop;
let model: Model;
beforeAll(async () => {
  shop = await Workshop.open(FAMILIES);
  model = tinyModel(1);
});
afterAll(() => shop?.close());

const contextOf = (seed: number, params: object) =>
  ({
    ...{ families: FAMILIES, data: [], seed, artifacts: shop.artifacts, workDir: shop.dir, ...host },
    params: resolveParams(phase, params) as AdasParams,
  }) as never;
const yardstickOf = (part: Part, seed: number, each: number, families: object = FAMILIES, round = 0) =>
  Yardstick.of(
    { families: { ...families }, data: [], seed, artifacts: shop.artifacts, workDir: shop.dir },
    part,
    each,
    { round },
  );

/** The first seed with which both parts say different things, and what select says. */
async function telling<T>(says: (part: Part, seed: number) => Promise<T>): Promise<{ seed: number; want: T }> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const [want, other] = [await says('select', seed), await says('report', seed)];
    if (JSON.stringify(want) !== JSON.stringify(other)) return { seed, want };
  }
  throw new Error(`no seed up to ${SEEDS} tells the parts apart`);
}

test('domains are chosen on the select part', async () => {
  const { seed, want } = await telling(async (part, seed) => {
    const { tasks } = await (await yardstickOf(part, seed, 100)).measure(model, host, { hasIntervals: false });
    const weakness = (name: string) =>
      1 - tasks!.families[name]!.accuracy.estimate + 0.01 * tasks!.families[name]!.loss;
    return NAMES.toSorted((a, b) => weakness(b) - weakness(a)).slice(0, 1);
  });
  const chosen = await chooseDomains(contextOf(seed, { experts: 1 }), model);
  expect(chosen.map(({ name }) => name)).toEqual(want);
});

test('the reading of the router is chosen on the select part', async () => {
  const ITEMS = 4;
  const statesOf = async (part: 'train' | Part, seed: number) => {
    const items = familyItems(FAMILIES, part, ITEMS, `${seed}/router/${part}`);
    return {
      names: items.map(({ family }) => family),
      states: await promptStates(model, itemPrompts(model, items), host),
    };
  };
  const { seed, want } = await telling(async (part, seed) => {
    const [train, asked] = [await statesOf('train', seed), await statesOf(part, seed)];
    const right = (reading: 'last' | 'mean') => {
      const centroids = fitCentroids(
        train.states.map((state) => state[reading]),
        train.names,
      );
      return asked.states.filter((state, i) => nearestClass(centroids, state[reading]) === asked.names[i]).length;
    };
    return right('mean') > right('last') ? 'mean' : 'last';
  });
  expect((await fitRouter(contextOf(seed, { routerItems: ITEMS }), model, [])).reading).toBe(want);
});

test('a mixture is taken or left by the select part', async () => {
  const decomposition = decompose(model.weights);
  const scales = initScales(decomposition);
  for (const z of scales.values()) z.data.forEach((_, i) => (z.data[i] = i % 2 === 0 ? 1.001 : 0.999));
  const [scaled] = await scaledModels(model, decomposition, [scales], host);
  const parts = { 0: model, 1: scaled! };
  const SHOTS = 1;
  const { seed, want } = await telling(async (part, seed) => {
    const yardstick = await yardstickOf(part, seed, 4 * SHOTS, { copy: 1 }, 1);
    const fitness = async (each: Model) => fitnessOf(await yardstick.measure(each, host, { hasIntervals: false }));
    return (await fitness(parts[1])) < (await fitness(parts[0])) ? 'expert' : 'none';
  });
  const from = await shop.import('base', model);
  const { decompose: task } = phase.tasks!;
  const { artifacts } = await task!({ from: from.id } as Json, await taskContext(shop, []));
  const dir = `${shop.dir}/pack`;
  await writeExpertPack(dir, {
    base: weightsDigest(model.weights),
    experts: [{ name: 'e', domains: ['copy'], scales }],
  });
  const { lineage } = await shop.artifacts.manifest(from.id);
  const pack = await shop.artifacts.putFolder(dir, 'expert', { kind: 'expert-pack', lineage });
  const plan = {
    ...{ from: from.id, decomposition: artifacts[0]!.id, experts: [pack.id], families: { copy: 1 }, data: [] },
    ...{ shots: SHOTS, textBytes: 0, generations: 0, population: 2, eliteShare: 0.5, seed },
  };
  const { value } = await mixTask(plan as unknown as Json, await taskContext(shop, []));
  const { mixture } = value as unknown as MixOutput;
  expect(mixture['e']! > 0 ? 'expert' : 'none').toBe(want);
});
