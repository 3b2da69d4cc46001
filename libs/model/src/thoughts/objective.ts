import {
  type Graph,
  type LossResult,
  type TrainProgramOptions,
  type Value,
  add,
  gather,
  logSoftmax,
  mul,
  neg,
  pick,
  reduceSum,
  reshape,
  stopGradient,
  sub,
} from '@agent-forge/tensor';
import type { LlamaConfig } from '../config.js';
import { type ParameterRule, llamaHidden, llamaLogits } from '../network/llama.js';
import { rotaryTables } from '../network/rope.js';
import { parameterRule } from '../ternary/ternary-parameters.js';
import { mix, mixingWeight } from './mixing-head.js';

/** Sizes of a training step. */
export interface ThoughtShape {
  /** Rows, each a text with its thoughts; the passes of one text are rows of their own. */
  readonly rows: number;
  /** Tokens in a row, thoughts included. */
  readonly width: number;
  /** Predictions behind thoughts: rows · anchors · true tokens ahead. */
  readonly talks: number;
  /** Sampled thought tokens: rows · anchors · tokens of a thought. */
  readonly samples: number;
  /** Starts and ends of thoughts: rows · anchors · 2. */
  readonly marks: number;
}

/** How the parts of the loss are weighed. */
export interface ThoughtWeights {
  /** Of the loss without thoughts. */
  readonly base: number;
  /** Of the loss with thoughts, mixed in by the head. */
  readonly talk: number;
  /** Of the loss with thoughts as ordinary tokens, which is what remains where there is no head; 0 when left out, as in the paper. */
  readonly alone?: number;
  /** Of the form of thoughts as ordinary tokens: that they begin, consist of their alphabet, and end; 0 when left out, as in the paper. */
  readonly form?: number;
  /** Of the policy. */
  readonly policy: number;
  /** Divides the logits in the policy's log-probabilities. */
  readonly temperature: number;
  /** The ids that thoughts are drawn from; the policy is over them alone. All ids when left out. */
  readonly alphabet?: readonly number[];
  /** Ids that no text has, only thoughts: they are left out of predictions, as the reference implementation does where it answers. */
  readonly marks?: readonly number[];
}

/** What of the weights the forward pass depends on. */
export type PolicyForm = Pick<ThoughtWeights, 'temperature' | 'alphabet' | 'marks'>;

/** Added to the logits of ids that are never drawn. */
const NEVER = -1e9;

/**
 * Fields of a step. Places are indices into all rows · width hidden states. `advantage` comes from a pass before: rewards need no gradient.
 * `baseWeights` are of predictions without thoughts, `talkWeights` of those with; each add up to 1 over the step, or are 0. `sampleWeights`
 * and `markWeights` are of the thoughts' form, of their tokens and of their starts and ends.
 */
export function thoughtFields({ rows, width, talks, samples, marks }: ThoughtShape): TrainProgramOptions['batch'] {
  const ids = (n: number) => ({ dtype: 'int32', shape: [n] }) as const;
  const floats = (n: number) => ({ dtype: 'float32', shape: [n] }) as const;
  return {
    inputIds: { dtype: 'int32', shape: [rows, width] },
    positions: { dtype: 'int64', shape: [rows, width] },
    mask: { dtype: 'float32', shape: [rows, 1, width, width] },
    basePlaces: ids(talks),
    talkPlaces: ids(talks),
    targets: ids(talks),
    baseWeights: floats(talks),
    talkWeights: floats(talks),
    samplePlaces: ids(samples),
    sampled: ids(samples),
    advantage: floats(samples),
    sampleWeights: floats(samples),
    markPlaces: ids(marks),
    marks: ids(marks),
    markWeights: floats(marks),
  };
}

/** What one forward pass gives, before it is summed up. */
export interface ThoughtPass {
  /** −log p of each target without thought and with it mixed in, [talks], nats. */
  readonly baseNll: Value;
  readonly talkNll: Value;
  /** The same behind the thought as ordinary tokens, without the head. */
  readonly aloneNll: Value;
  /** log p of each sampled token among those that it is drawn from, [samples]. */
  readonly logProbability: Value;
  /** −log p, among all tokens, of each sampled token being one of the alphabet, [samples], and of each start and end, [marks]. */
  readonly alphabetNll: Value;
  readonly markNll: Value;
  /** The share of the thought, [talks]. */
  readonly share: Value;
}

/** The forward pass over rows that have their thoughts. */
export function thoughtPass(
  graph: Graph,
  config: LlamaConfig,
  tensors: ReadonlyMap<string, Value>,
  batch: Readonly<Record<string, Value>>,
  shape: ThoughtShape,
  { temperature, alphabet, marks = [] }: PolicyForm,
  rule: ParameterRule = parameterRule(config),
): ThoughtPass {
  const parameters = rule(tensors);
  const { cos, sin } = rotaryTables(config, shape.width);
  const table = (values: Float64Array, name: string) =>
    graph.constant(graph.float, [shape.width, config.headDim / 2], values, name);
  const inputs = {
    positions: batch['positions']!,
    mask: batch['mask']!,
    cos: table(cos, 'cos'),
    sin: table(sin, 'sin'),
  };
  const hidden = llamaHidden(config, parameters, batch['inputIds']!, inputs);
  const [base, thought] = [gather(hidden, batch['basePlaces']!), gather(hidden, batch['talkPlaces']!)];
  const share = mixingWeight(tensors, base, thought);
  const logits = (h: Value) => llamaLogits(config, parameters, h);
  const predicted = (h: Value) =>
    add(
      logits(h),
      without(graph, config.vocabSize, (id) => marks.includes(id)),
    );
  const nll = (h: Value) => neg(pick(logSoftmax(predicted(h)), batch['targets']!));
  const sampled = logits(gather(hidden, batch['samplePlaces']!));
  const others = without(graph, config.vocabSize, (id) => alphabet?.includes(id) === false);
  const chosen = (x: Value) => pick(logSoftmax(x), batch['sampled']!);
  return {
    baseNll: nll(base),
    talkNll: nll(mix(base, thought, share)),
    aloneNll: nll(thought),
    logProbability: chosen(add(mul(sampled, graph.scalar(1 / temperature)), others)),
    alphabetNll: sub(chosen(add(sampled, others)), chosen(sampled)),
    markNll: neg(pick(logSoftmax(logits(gather(hidden, batch['markPlaces']!))), batch['marks']!)),
    share: reshape(share, [shape.talks]),
  };
}

/** What takes some ids out of logits. */
function without(graph: Graph, vocabSize: number, isOut: (id: number) => boolean): Value {
  const values = Float64Array.from({ length: vocabSize }, (_, id) => (isOut(id) ? NEVER : 0));
  return graph.constant(graph.float, [vocabSize], values, 'without');
}

/**
 * The loss of a step: cross-entropy without and with thoughts, and REINFORCE (Williams 1992) on the thoughts with the advantage that the batch brings.
 */
export function thoughtLoss(
  config: LlamaConfig,
  shape: ThoughtShape,
  weights: ThoughtWeights,
  rule?: ParameterRule,
): TrainProgramOptions['loss'] {
  return (graph, tensors, batch): LossResult => {
    const pass = thoughtPass(graph, config, tensors, batch, shape, weights, rule);
    const mean = (values: Value) => reduceSum(mul(values, batch['talkWeights']!));
    const [talk, alone] = [mean(pass.talkNll), mean(pass.aloneNll)];
    const base = reduceSum(mul(pass.baseNll, batch['baseWeights']!));
    const policy = neg(reduceSum(mul(stopGradient(batch['advantage']!), pass.logProbability)));
    const scaled = (value: Value, weight: number) => mul(value, graph.scalar(weight));
    const both = add(scaled(base, weights.base), scaled(talk, weights.talk));
    const predicted = weights.alone ? add(both, scaled(alone, weights.alone)) : both;
    const form = add(
      reduceSum(mul(pass.alphabetNll, batch['sampleWeights']!)),
      reduceSum(mul(pass.markNll, batch['markWeights']!)),
    );
    const written = weights.form ? add(predicted, scaled(form, weights.form)) : predicted;
    const loss = add(written, scaled(policy, weights.policy));
    const metrics = {
      baseNll: base,
      talkNll: talk,
      aloneNll: alone,
      gain: sub(mean(pass.baseNll), talk),
      share: mean(pass.share),
    };
    return { loss, metrics };
  };
}
