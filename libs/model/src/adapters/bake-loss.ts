import {
  type Graph,
  type LossResult,
  type TrainProgramOptions,
  type Value,
  add,
  div,
  exp,
  gather,
  kthLargest,
  log,
  logSoftmax,
  mul,
  reduceSum,
  relu,
  reshape,
  sign,
  stopGradient,
  straightThrough,
  sub,
} from '@agent-forge/tensor';
import { llamaHidden, llamaLogits } from '../network/llama.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import { sequenceInputs } from '../training/language-model-loss.js';
import type { Model } from '../weights.js';
import type { BakeShape } from './bake-rows.js';
import { adaptedTensors } from './lora.js';

/** Keeps log(0) from a tail that float32 rounds to nothing. */
const TINY = 1e-30;

/** The inputs of a step: what `bakeBatch` makes. */
export function bakeFields({
  rows,
  promptedLength,
  plainLength,
  answerLength,
}: BakeShape): TrainProgramOptions['batch'] {
  const places = [rows * answerLength];
  return {
    promptedIds: { dtype: 'int32', shape: [rows, promptedLength] },
    plainIds: { dtype: 'int32', shape: [rows, plainLength] },
    promptedPlaces: { dtype: 'int32', shape: places },
    plainPlaces: { dtype: 'int32', shape: places },
    weights: { dtype: 'float32', shape: places },
  };
}

/**
 * KL(teacher with the prompt ‖ student without), Σ weight · Σ p (log p − log q): over the whole vocabulary, or over the teacher's likeliest `topK` tokens and
 * one bucket with all others, so that the probability outside is not lost. The teacher is computed beside the student by the same operations, so where both
 * see the same and the adapter is 0, loss and gradient are 0 exactly: the gradient by the student's logits is written as q − p, which differentiating log q
 * would give only up to rounding.
 */
export function bakeLoss(
  model: Model,
  shape: BakeShape,
  { scale, topK = 0 }: { readonly scale: number; readonly topK?: number },
): TrainProgramOptions['loss'] {
  return (graph, factors, batch): LossResult => {
    const base = new Map(
      [...model.weights].map(([name, t]) => [name, graph.constant(graph.float, t.shape, t.data, name)]),
    );
    const adapted = adaptedTensors(base, factors, scale);
    const { promptedLength, plainLength } = shape;
    const teacher = logitsAt(graph, model, base, batch['promptedIds']!, promptedLength, batch['promptedPlaces']!);
    const student = logitsAt(graph, model, adapted, batch['plainIds']!, plainLength, batch['plainPlaces']!);
    const weights = reshape(batch['weights']!, [shape.rows * shape.answerLength, 1]);
    const cut = topK > 0 && topK < model.config.vocabSize;
    const { divergence, gradient } = cut ? bucketed(teacher, student, topK) : whole(teacher, student);
    const byLogits = stopGradient(mul(gradient, weights));
    return { loss: straightThrough(reduceSum(mul(byLogits, student)), reduceSum(mul(divergence, weights))) };
  };
}

/** A divergence [places, tokens or buckets], to be summed, and its gradient by the student's logits [places, vocabulary]. */
interface Divergence {
  readonly divergence: Value;
  readonly gradient: Value;
}

function whole(teacher: Value, student: Value): Divergence {
  const [logP, logQ] = [logSoftmax(teacher), logSoftmax(student)];
  const [p, q] = [exp(logP), exp(logQ)];
  return { divergence: mul(p, sub(logP, logQ)), gradient: sub(q, p) };
}

function bucketed(teacher: Value, student: Value, topK: number): Divergence {
  const [logP, logQ] = [logSoftmax(teacher), logSoftmax(student)];
  const [p, q] = [exp(logP), exp(logQ)];
  const { graph } = p;
  const isTail = relu(sign(sub(kthLargest(logP, topK), logP)));
  const isTop = sub(graph.scalar(1), isTail);
  const tailOf = (x: Value): Value => add(reduceSum(mul(x, isTail), [1], true), graph.scalar(TINY));
  const [pTail, qTail] = [tailOf(p), tailOf(q)];
  const inTail = mul(pTail, sub(log(pTail), log(qTail)));
  const inTop = reduceSum(mul(isTop, mul(p, sub(logP, logQ))), [1], true);
  const gradient = sub(sub(q, mul(isTop, p)), mul(mul(isTail, q), div(pTail, qTail)));
  return { divergence: add(inTop, inTail), gradient };
}

/** Logits [places, vocabulary] of the tokens at some places. */
function logitsAt(
  graph: Graph,
  { config }: Model,
  tensors: ReadonlyMap<string, Value>,
  ids: Value,
  length: number,
  places: Value,
): Value {
  const parameters = parameterRule(config)(tensors);
  const inputs = sequenceInputs(graph, config, { rows: ids.dim(0), length, packed: false }, {});
  return llamaLogits(config, parameters, gather(llamaHidden(config, parameters, ids, inputs), places));
}
