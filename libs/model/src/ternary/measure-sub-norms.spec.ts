import { Graph, Session, type Value } from '@agent-forge/tensor';
import { expect, test } from '@jest/globals';
import { inferenceParameters } from '../network/inference-parameters.js';
import { llamaHidden } from '../network/llama.js';
import { fullLogits } from '../testing/full-logits.js';
import type { TokenBatch } from '../training/batch.js';
import { sequenceInputs } from '../training/language-model-loss.js';
import { measureSubNormGains } from './measure-sub-norms.js';
import { addSubNorms } from './sub-norms.js';
import { meanSquare, randomModel, SMALL } from './testing.js';

const { ternary: _, ...float } = SMALL;
const model = randomModel({ ...float, numLayers: 2 });
const LENGTH = 16;
const ids = Int32Array.from({ length: LENGTH }, (_, i) => (37 * i) % 250);
const batch: TokenBatch = {
  inputIds: ids,
  targets: ids,
  lossMask: new Float32Array(LENGTH).fill(1),
  positionIds: Int32Array.from(ids.keys()),
  segmentIds: new Int32Array(LENGTH),
};
const source = { rows: 1, length: LENGTH, packed: false, batch: () => batch };

test('one gain for each sub-norm of each layer: the rms of what flows there', async () => {
  const gains = await measureSubNormGains(model, source, 1);
  const names = ['mlp.ffn_sub_norm', 'self_attn.attn_sub_norm'];
  expect([...gains.keys()].sort()).toEqual(
    [0, 1].flatMap((layer) => names.map((name) => `model.layers.${layer}.${name}.weight`)),
  );
  const graph = new Graph();
  const { parameters, externals } = inferenceParameters(graph, model);
  const seen: Record<string, Value> = {};
  const linear = (name: string, x: Value): Value => parameters.linear(name, (seen[name] = x));
  const shape = { rows: 1, length: LENGTH, packed: false };
  const tokens = graph.constant('int32', [1, LENGTH], ids, 'ids');
  llamaHidden(model.config, { ...parameters, linear }, tokens, sequenceInputs(graph, model.config, shape, {}));
  const session = await Session.of(graph, { x: seen['model.layers.1.mlp.down_proj']! }, { externals, threads: 1 });
  const { x } = await session.run({});
  await session.release();
  const rms = Math.sqrt(meanSquare(x!.data as Float32Array));
  expect(gains.get('model.layers.1.mlp.ffn_sub_norm.weight')! / rms).toBeCloseTo(1, 4);
});

test('with these gains new sub-norms change the model less than with gains of 1', async () => {
  const measured = addSubNorms(model, await measureSubNormGains(model, source, 1));
  const logits = async (each: typeof model) => (await fullLogits(each, [...ids])).flatMap((row) => [...row]);
  const plain = await logits(model);
  const distance = (other: number[]) => meanSquare(other.map((value, i) => value - plain[i]!));
  expect(distance(await logits(measured))).toBeLessThan(distance(await logits(addSubNorms(model))));
});
