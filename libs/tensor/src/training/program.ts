import { ForgeError } from '@agent-forge/contracts';
import { gradients } from '../ir/autodiff.js';
import type { DType, FloatType } from '../ir/dtype.js';
import { Graph, type Value } from '../ir/graph.js';
import type { Outputs } from '../ir/serialize.js';
import { add } from '../ops/add.js';
import { reshape } from '../ops/reshape.js';
import { scan } from '../ops/scan.js';
import { clipByNorm, globalNorm } from '../optim/clip-norm.js';
import type { GradientFilter, Optimizer, Parameter, ScalarValues, StepScalars } from '../optim/optimizer.js';

/** Type of one batch tensor, without the axes of steps and micro-batches. */
export interface BatchField {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** What a loss function returns: the loss (its sum over micro-batches is minimised) and other scalars to report. */
export interface LossResult {
  readonly loss: Value;
  readonly metrics?: Readonly<Record<string, Value>>;
}

export interface TrainProgramOptions {
  readonly parameters: readonly Parameter[];
  /** Tensors the loss reads but never changes. */
  readonly frozen?: readonly Parameter[];
  readonly batch: Readonly<Record<string, BatchField>>;
  /** Micro-batches per optimiser step; the weights in the batch must already be normalised over all of them. */
  readonly accumulation?: number;
  readonly loss: (
    graph: Graph,
    parameters: ReadonlyMap<string, Value>,
    batch: Readonly<Record<string, Value>>,
  ) => LossResult;
  readonly optimizer: Optimizer;
  /** Global gradient norm above which gradients are scaled down. */
  readonly clipNorm?: number;
  readonly filter?: GradientFilter;
  readonly float?: FloatType;
}

/** A state tensor of the optimiser or the filter. */
export interface StateSlot {
  readonly name: string;
  readonly shape: readonly number[];
}

/**
 * Forward, backward, filter, clipping and optimiser of many steps as one inference graph: a `Scan` over steps that carries
 * parameters and state, so that they cross into JavaScript once per call and not once per step.
 *
 * Inputs: every parameter and slot by name, every frozen tensor, every batch field [steps, accumulation?, ...], and one
 * vector [steps] per scalar. Outputs: parameters and slots (`new/NAME`), and `loss`, `gradientNorm`, metrics, each [steps].
 */
export interface TrainProgram {
  readonly graph: Graph;
  readonly outputs: Outputs;
  readonly slots: readonly StateSlot[];
  readonly metrics: readonly string[];
  readonly options: TrainProgramOptions;
  scalars(step: number, factor: number): StepScalars;
}

/** The symbol of the number of steps in one call. */
const STEPS = 'steps';

export function buildTrainProgram(options: TrainProgramOptions): TrainProgram {
  const { parameters, frozen = [], optimizer, filter, float = 'float32', accumulation = 1 } = options;
  if (!Number.isInteger(accumulation) || accumulation < 1)
    throw new ForgeError('INVALID_ARGUMENT', `accumulation is a whole number of at least 1, not ${accumulation}`);
  const graph = new Graph({ float });
  const slots = slotsOf(options);
  const stateInputs = [...parameters, ...slots].map((p) => graph.floatInput(p.name, p.shape));
  const fixed = new Map(frozen.map((p) => [p.name, graph.floatInput(p.name, p.shape)]));
  const lead = accumulation > 1 ? [STEPS, accumulation] : [STEPS];
  const fields = Object.entries(options.batch).map(([name, f]) =>
    graph.input(`batch/${name}`, f.dtype === 'float32' ? float : f.dtype, [...lead, ...f.shape]),
  );
  const scalars = (step: number, factor: number): StepScalars => ({
    ...optimizer.scalars(step, factor),
    ...filter?.scalars(step),
  });
  const scalarNames = Object.keys(scalars(1, 1));
  const scalarInputs = scalarNames.map((name) => graph.floatInput(`scalar/${name}`, [STEPS]));
  let metricNames: string[] = [];

  const { states, collected } = scan(stateInputs, [...fields, ...scalarInputs], (body, current, slices) => {
    const values = new Map([...fixed, ...parameters.map((p, i) => [p.name, current[i]!] as const)]);
    const pass = gradientPass(body, options, values, slices.slice(0, fields.length));
    metricNames = pass.metricNames;
    const at = Object.fromEntries(scalarNames.map((name, i) => [name, slices[fields.length + i]!]));
    const updated = update(options, current, pass.gradients, at);
    return { states: updated.states, collected: [pass.loss, updated.norm, ...pass.metrics] };
  });

  const outputs: Record<string, Value> = {};
  [...parameters, ...slots].forEach((p, i) => (outputs[`new/${p.name}`] = states[i]!));
  ['loss', 'gradientNorm', ...metricNames].forEach((name, i) => (outputs[name] = collected[i]!));
  return { graph, outputs, slots, metrics: metricNames, options, scalars };
}

function slotsOf({ parameters, optimizer, filter }: TrainProgramOptions): StateSlot[] {
  return parameters.flatMap((p) => [
    ...optimizer.slots(p).map((slot) => ({ name: `${p.name}@${slot}`, shape: p.shape })),
    ...(filter?.slots(p) ?? []).map(({ name, copies }) => ({
      name: `${p.name}@${name}`,
      shape: copies === 1 ? p.shape : [copies, ...p.shape],
    })),
  ]);
}

interface GradientPass {
  loss: Value;
  gradients: Value[];
  metricNames: string[];
  metrics: Value[];
}

/** Loss and gradients of one optimiser step: directly, or summed over micro-batches by an inner scan. */
function gradientPass(
  body: Graph,
  options: TrainProgramOptions,
  values: Map<string, Value>,
  fields: Value[],
): GradientPass {
  const { parameters, accumulation = 1 } = options;
  const names = Object.keys(options.batch);
  const wrt = parameters.map((p) => values.get(p.name)!);
  let metricNames: string[] = [];
  const pass = (graph: Graph, slices: readonly Value[]): Value[] => {
    const { loss, metrics = {} } = options.loss(
      graph,
      values,
      Object.fromEntries(names.map((n, i) => [n, slices[i]!])),
    );
    metricNames = Object.keys(metrics);
    const grads = gradients(loss, wrt).map((g, i) => {
      if (g) return g;
      throw new ForgeError('GRAPH_INVALID', `the loss does not depend on parameter ${parameters[i]!.name}`);
    });
    return [loss, ...Object.values(metrics), ...grads].map((v) =>
      v.shape.length === 0 || grads.includes(v) ? v : reshape(v, []),
    );
  };
  let all: Value[];
  if (accumulation === 1) {
    all = pass(body, fields);
  } else {
    // The first micro-batch is built once outside to learn the types to accumulate; unused nodes are not serialised.
    const probe = new Graph({}, body);
    const shapes = pass(
      probe,
      fields.map((f) => probe.input(f.name, f.dtype, f.shape.slice(1))),
    ).map((v) => v.shape as readonly number[]);
    const zeros = shapes.map((shape) =>
      body.constant(body.float, shape, new Float32Array(shape.reduce((a, b) => a * b, 1)), 'zeros'),
    );
    all = scan(zeros, fields, (inner, sums, slices) => ({
      states: pass(inner, slices).map((v, i) => add(sums[i]!, v)),
      collected: [],
    })).states;
  }
  const m = metricNames.length;
  return { loss: all[0]!, metricNames, metrics: all.slice(1, 1 + m), gradients: all.slice(1 + m) };
}

function update(
  options: TrainProgramOptions,
  current: Value[],
  grads: Value[],
  scalars: ScalarValues,
): { states: Value[]; norm: Value } {
  const { parameters, optimizer, filter, clipNorm } = options;
  let cursor = parameters.length;
  const take = (n: number) => current.slice(cursor, (cursor += n));
  const perParameter = parameters.map((p) => ({
    own: take(optimizer.slots(p).length),
    filtered: take(filter?.slots(p).length ?? 0),
  }));
  const filterState: Value[][] = [];
  const filtered = grads.map((g, i) => {
    if (!filter) return g;
    const result = filter.apply(g, perParameter[i]!.filtered, scalars);
    filterState[i] = result.state;
    return result.gradient;
  });
  const norm = globalNorm(filtered);
  const clipped = clipNorm === undefined ? filtered : clipByNorm(filtered, norm, clipNorm);
  const results = parameters.map(
    (p, i) => p && optimizer.update(p, current[i]!, clipped[i]!, perParameter[i]!.own, scalars),
  );
  const slots = results.flatMap((r, i) => [...r.state, ...(filterState[i] ?? [])]);
  return { states: [...results.map((r) => r.value), ...slots], norm };
}
