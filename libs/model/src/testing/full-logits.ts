import { Graph, Session } from '@agent-forge/tensor';
import { inferenceParameters } from '../network/inference-parameters.js';
import { llamaHidden, llamaLogits } from '../network/llama.js';
import { sequenceInputs } from '../training/language-model-loss.js';
import type { Model } from '../weights.js';

/**
 * Logits of one sequence by the plain forward pass: no cache, every position at once.
 * @param firstPosition position of the first token
 * @returns one row per token
 */
export async function fullLogits(model: Model, ids: readonly number[], firstPosition = 0): Promise<Float32Array[]> {
  const graph = new Graph();
  const shape = { rows: 1, length: ids.length, packed: false };
  const { parameters, externals } = inferenceParameters(graph, model);
  const counted = ids.map((_, i) => i);
  const inputs = sequenceInputs(graph, model.config, { ...shape, length: ids.length + firstPosition }, {});
  const own = sequenceInputs(graph, model.config, shape, {});
  const positions = graph.constant(
    'int64',
    [1, ids.length],
    counted.map((i) => i + firstPosition),
    'shifted',
  );
  const tokens = graph.input('inputIds', 'int32', [1, ids.length]);
  const hidden = llamaHidden(model.config, parameters, tokens, { ...inputs, mask: own.mask, positions });
  const session = await Session.of(
    graph,
    { logits: llamaLogits(model.config, parameters, hidden) },
    { externals, threads: 1 },
  );
  const { logits } = await session.run({
    inputIds: { dtype: 'int32', shape: [1, ids.length], data: Int32Array.from(ids) },
  });
  await session.release();
  const { vocabSize } = model.config;
  return ids.map((_, i) => (logits!.data as Float32Array).slice(i * vocabSize, (i + 1) * vocabSize));
}
