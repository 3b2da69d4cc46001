import { Graph, type HostTensor, Session, type Value, mul, reduceMean, sqrt } from '@agent-forge/tensor';
import { llamaHidden, plainParameters, type Parameters } from '../network/llama.js';
import type { BatchSource } from '../training/batch.js';
import { batchFields, sequenceInputs } from '../training/language-model-loss.js';
import { stepBatch } from '../training/step-batch.js';
import type { Model } from '../weights.js';

/** Where a sub-norm stands, by the projection behind it. */
const SUB_NORMS: readonly (readonly [RegExp, string])[] = [
  [/\.self_attn\.o_proj$/, '.self_attn.attn_sub_norm.weight'],
  [/\.mlp\.down_proj$/, '.mlp.ffn_sub_norm.weight'],
];

/**
 * The gains with which new sub-norms change a model least: the root mean square of what flows where they are to stand, over one batch.
 * @param model without sub-norms
 * @returns a gain by the name of its tensor, for {@link addSubNorms}
 */
export async function measureSubNormGains(
  { config, weights }: Model,
  source: BatchSource,
  threads?: number,
): Promise<Map<string, number>> {
  const { rows, length, packed } = source;
  const graph = new Graph();
  const fields = batchFields({ rows, length, packed });
  const batch = Object.fromEntries(
    Object.entries(fields).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
  );
  const tensors = new Map([...weights].map(([name, { shape }]) => [name, graph.floatInput(name, shape)]));
  const plain = plainParameters(tensors);
  const outputs: Record<string, Value> = {};
  const parameters: Parameters = {
    get: (name) => plain.get(name),
    linear(name, x) {
      const site = SUB_NORMS.find(([projection]) => projection.test(name));
      if (site) outputs[name.replace(...site)] = sqrt(reduceMean(mul(x, x)));
      return plain.linear(name, x);
    },
  };
  const inputs = sequenceInputs(graph, config, { rows, length, packed }, batch);
  outputs['hidden'] = llamaHidden(config, parameters, batch['inputIds']!, inputs);
  const session = await Session.of(graph, outputs, threads === undefined ? {} : { threads });
  try {
    const feeds = new Map<string, HostTensor>();
    for (const [name, { shape, data }] of weights) feeds.set(name, { dtype: 'float32', shape, data });
    const first = stepBatch(source, 0, 1);
    for (const [name, { dtype, shape }] of Object.entries(fields))
      feeds.set(name, { dtype, shape, data: first[name]! } as HostTensor);
    const results = await session.run(Object.fromEntries(feeds));
    const gains = Object.keys(outputs).filter((name) => name !== 'hidden');
    return new Map(gains.map((name) => [name, (results[name]!.data as Float32Array)[0]!]));
  } finally {
    await session.release();
  }
}
