import {
  Graph,
  type Outputs,
  type TensorData,
  type Value,
  cachedAttention,
  concat,
  keyMask,
} from '@agent-forge/tensor';
import { inferenceParameters } from '../network/inference-parameters.js';
import { type AttentionRule, llamaHidden, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import type { Model } from '../weights.js';
import { type OnnxEncoding, PAST, PRESENT, cacheNames } from './encoding.js';
import { nbitsParameters } from './nbits-parameters.js';

/** A model as a graph with the inputs and outputs that transformers.js expects. */
export interface ExportGraph {
  readonly graph: Graph;
  readonly outputs: Outputs;
  /** Values of the weights, by their names in the graph. */
  readonly externals: ReadonlyMap<string, TensorData>;
}

/**
 * Builds the generating graph of a model: `input_ids` and `position_ids` [batch, sequence], `attention_mask`
 * [batch, past + sequence] and the cache of every layer in, `logits` [batch, sequence, vocabulary] and the grown cache out.
 * @param maxContext positions that the rotary tables have
 */
export function exportGraph(model: Model, encoding: OnnxEncoding, maxContext: number): ExportGraph {
  const { config } = model;
  const graph = new Graph();
  const ids = graph.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
  const keys = graph.input('attention_mask', 'int64', ['batch_size', 'past_sequence_length+sequence_length']);
  const positions = graph.input('position_ids', 'int64', ['batch_size', 'sequence_length']);
  const past = cacheNames(PAST, config.numLayers).map((name) =>
    graph.floatInput(name, ['batch_size', config.numKvHeads, 'past_sequence_length', config.headDim]),
  );
  const { mask, lengths } = keyMask(keys, ids);
  const tables = rotaryTables(config, maxContext);
  const table = (values: Float64Array, name: string): Value =>
    graph.constant('float32', [maxContext, config.headDim / 2], values, name);
  const names = cacheNames(PRESENT, config.numLayers);
  const present: Record<string, Value> = {};
  const attend: AttentionRule = (layer, q, k, v) => {
    const [pastK, pastV] = [past[2 * layer]!, past[2 * layer + 1]!];
    present[names[2 * layer]!] = concat([pastK, k], 2);
    present[names[2 * layer + 1]!] = concat([pastV, v], 2);
    return cachedAttention({ q, k, v, pastK, pastV, mask, lengths });
  };
  const { parameters, externals } =
    encoding === 'fp32' ? inferenceParameters(graph, model) : nbitsParameters(graph, model, encoding);
  const inputs = { positions, mask, cos: table(tables.cos, 'cos'), sin: table(tables.sin, 'sin') };
  const logits = llamaLogits(config, parameters, llamaHidden(config, parameters, ids, inputs, attend));
  return { graph, outputs: { logits, ...present }, externals };
}
