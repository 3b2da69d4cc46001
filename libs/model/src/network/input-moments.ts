import { Graph, type HostTensor, Session, type Value, matmul } from '@agent-forge/tensor';
import type { BatchSource } from '../training/batch.js';
import { batchFields, sequenceInputs } from '../training/language-model-loss.js';
import { stepBatch } from '../training/step-batch.js';
import type { Model } from '../weights.js';
import { llamaHidden, plainParameters, type Parameters } from './llama.js';

export interface MomentOptions {
  /** Batches that are read, from the first on. */
  readonly batches: number;
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/**
 * Second moments E[x xᵀ] of what each projection of the layers is multiplied with, over some batches: which errors of its weights matter.
 * Projections with one input share one array.
 * @param model as floating point: a ternary mark is not looked at
 * @returns [in, in] in C order, by the name of the weight
 */
export async function inputMoments(
  { config, weights }: Model,
  source: BatchSource,
  { batches, threads, signal }: MomentOptions,
): Promise<Map<string, Float64Array>> {
  const { rows, length, packed } = source;
  const graph = new Graph();
  const fields = batchFields({ rows, length, packed });
  const batch = Object.fromEntries(
    Object.entries(fields).map(([name, { dtype, shape }]) => [name, graph.input(name, dtype, shape)]),
  );
  const externals = new Map([...weights].map(([name, { data }]) => [name, data]));
  const tensors = new Map([...weights].map(([name, { shape }]) => [name, graph.external(name, 'float32', shape)]));
  const plain = plainParameters(tensors);
  const outputs: Record<string, Value> = {};
  const outputOf = new Map<Value, string>();
  const projections = new Map<string, string>();
  const parameters: Parameters = {
    get: (name) => plain.get(name),
    linear(name, x) {
      const output = outputOf.get(x) ?? `moments${outputOf.size}`;
      outputOf.set(x, output);
      outputs[output] ??= matmul(x, x, { transA: true });
      projections.set(`${name}.weight`, output);
      return plain.linear(name, x);
    },
  };
  const inputs = sequenceInputs(graph, config, { rows, length, packed }, batch);
  outputs['hidden'] = llamaHidden(config, parameters, batch['inputIds']!, inputs);
  const session = await Session.of(graph, outputs, { externals, ...(threads === undefined ? {} : { threads }) });
  const sums = new Map<string, Float64Array>();
  try {
    for (let step = 0; step < batches; step++) {
      signal?.throwIfAborted();
      const values = stepBatch(source, step, 1);
      const feeds = Object.entries(fields).map(([name, { dtype, shape }]) => [
        name,
        { dtype, shape, data: values[name]! },
      ]);
      const results = await session.run(Object.fromEntries(feeds) as Record<string, HostTensor>);
      for (const output of outputOf.values()) add(sums, output, results[output]!.data as Float32Array);
    }
  } finally {
    await session.release();
  }
  for (const sum of sums.values()) for (let i = 0; i < sum.length; i++) sum[i]! /= batches * rows * length;
  return new Map([...projections].map(([name, output]) => [name, sums.get(output)!]));
}

function add(sums: Map<string, Float64Array>, name: string, values: Float32Array): void {
  const sum = sums.get(name);
  if (sum === undefined) sums.set(name, Float64Array.from(values));
  else for (let i = 0; i < values.length; i++) sum[i]! += values[i]!;
}
