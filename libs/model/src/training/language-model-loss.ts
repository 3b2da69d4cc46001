import {
  type Graph,
  type LossResult,
  type TrainProgramOptions,
  type Value,
  add,
  cast,
  equal,
  logSoftmax,
  mul,
  neg,
  pick,
  reduceSum,
  reshape,
  sub,
} from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { type ParameterRule, finalNorm, llamaLayers, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import { parameterRule } from '../ternary/ternary-parameters.js';

/** Added to the score of a key that must not be seen: large enough to vanish in softmax, small enough to stay finite in sums. */
const MASKED = -1e9;

/** Shape of the batches that a loss takes. */
export interface BatchShape {
  readonly rows: number;
  readonly length: number;
  /** Rows hold several items, kept apart by `segmentIds`. */
  readonly packed: boolean;
  /** Batches say how far the ternary quantiser of a marked model goes, in a field `ternaryShare`; else all the way. */
  readonly ternaryShare?: boolean;
  /** Batches say how much an auxiliary loss counts, in a field `auxiliaryWeight`. */
  readonly auxiliaryWeight?: boolean;
}

/** What an auxiliary loss can look at. */
export interface ForwardPass {
  readonly tensors: ReadonlyMap<string, Value>;
  /** [rows · length, width] each: the embedding, then what flows out of each layer. */
  readonly states: readonly Value[];
  /** [rows · length, width]: the last state after the final norm. */
  readonly hidden: Value;
  /** [rows · length]: how much each token counts in the loss; they add up to 1 over a step. */
  readonly weights: Value;
}

/** A scalar that is trained beside the language-model loss. */
export type AuxiliaryLoss = (pass: ForwardPass) => Value;

/** The batch fields of a language-model step: int32 ids, float weights that add up to 1 over a whole optimiser step. */
export function batchFields({
  rows,
  length,
  packed,
  ternaryShare,
  auxiliaryWeight,
}: BatchShape): TrainProgramOptions['batch'] {
  const shape = [rows, length];
  const ids = { dtype: 'int32', shape } as const;
  const scalar = { dtype: 'float32', shape: [] } as const;
  const fields = {
    inputIds: ids,
    targets: ids,
    weights: { dtype: 'float32', shape } as const,
    ...(ternaryShare ? { ternaryShare: scalar } : {}),
    ...(auxiliaryWeight ? { auxiliaryWeight: scalar } : {}),
  };
  return packed
    ? { ...fields, positionIds: { dtype: 'int64', shape }, segmentIds: { dtype: 'float32', shape } }
    : fields;
}

/** 0 where a query may see a key (not later, same segment), {@link MASKED} where not: [rows or 1, 1, length, length]. */
function attentionMask(graph: Graph, length: number, segments: Value | undefined): Value {
  const causal = Float32Array.from({ length: length * length }, (_, i) =>
    i % length > Math.floor(i / length) ? MASKED : 0,
  );
  const mask = graph.constant(graph.float, [1, 1, length, length], causal, 'causal');
  if (!segments) return mask;
  const rows = segments.dim(0);
  const same = cast(
    equal(reshape(segments, [rows, 1, length, 1]), reshape(segments, [rows, 1, 1, length])),
    graph.float,
  );
  return add(mask, mul(sub(graph.scalar(1), same), graph.scalar(MASKED)));
}

/** Rotary tables, positions and mask as constants or, for packed rows, out of the batch. */
export function sequenceInputs(
  graph: Graph,
  config: LlamaConfig,
  { rows, length }: BatchShape,
  batch: Readonly<Record<string, Value>>,
) {
  const { cos, sin } = rotaryTables(config, length);
  const table = [length, config.headDim / 2];
  const counted = Array.from({ length: rows * length }, (_, i) => i % length);
  return {
    positions: batch['positionIds'] ?? graph.constant('int64', [rows, length], counted, 'positions'),
    mask: attentionMask(graph, length, batch['segmentIds']),
    cos: graph.constant(graph.float, table, cos, 'cos'),
    sin: graph.constant(graph.float, table, sin, 'sin'),
  };
}

/**
 * Next-token cross-entropy, Σ weight · −log p(target): with weights that add up to 1, the token-weighted mean in nats.
 * @param rule how weights act; by default plainly, or through the quantiser where the configuration carries the ternary mark
 * @param auxiliary added to it, times the batch's `auxiliaryWeight`
 */
export function languageModelLoss(
  config: LlamaConfig,
  shape: BatchShape,
  rule?: ParameterRule,
  auxiliary?: AuxiliaryLoss,
): TrainProgramOptions['loss'] {
  return (graph, tensors, batch): LossResult => {
    const share = batch['ternaryShare'];
    const parameters = (rule ?? parameterRule(config, share ? { share } : {}))(tensors);
    const states = llamaLayers(config, parameters, batch['inputIds']!, sequenceInputs(graph, config, shape, batch));
    const hidden = finalNorm(config, parameters, states.at(-1)!);
    const count = [shape.rows * shape.length];
    const logProbabilities = logSoftmax(graph.scope('head', () => llamaLogits(config, parameters, hidden)));
    const nll = neg(pick(logProbabilities, reshape(batch['targets']!, count)));
    const weights = reshape(batch['weights']!, count);
    const loss = reduceSum(mul(nll, weights));
    if (!auxiliary) return { loss };
    return { loss: add(loss, mul(auxiliary({ tensors, states, hidden, weights }), batch['auxiliaryWeight']!)) };
  };
}
