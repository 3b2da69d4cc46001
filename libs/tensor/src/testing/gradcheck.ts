import { gradients } from '../ir/autodiff.js';
import { type FloatType, isFloat } from '../ir/dtype.js';
import { Graph, type Value } from '../ir/graph.js';
import { add } from '../ops/add.js';
import { mul } from '../ops/mul.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { Session } from '../session/session.js';
import { type Build, feedsOf, inputsOf, runOnce } from './evaluate.js';
import { type Operand, uniform, zeros } from './operand.js';

/** Half the distance of the two points of a central difference: near the cube root of float64's epsilon. */
const STEP = 1e-5;
/** An element is compared relative to itself, or to this share of its tensor's largest gradient where that is more. */
const SMALL_SHARE = 1e-2;
/** Below this a difference quotient is rounding noise of the loss (about 1e-16 / STEP) and nothing else. */
const NOISE_FLOOR = 1e-5;

/** Largest allowed relative error of a gradient against central differences in float64. */
export const GRADIENT_TOLERANCE = 1e-5;

/** A scalar that depends on every element of the values, each with a weight of its own. */
export function weightedSum(values: readonly Value[]): Value {
  const terms = values.map((v, i) => {
    const weights = uniform(`weights of output ${i}`, v.shape as number[], [0.5, 1.5]);
    return reduceSum(mul(v, v.graph.constant(v.graph.float, weights.shape, weights.values)));
  });
  return terms.reduce(add);
}

/**
 * Largest difference between two gradients, element by element: |a − b| / max(|b|, 1 % of the largest |b|, 1e-5).
 * So a wrong small element beside large ones is still seen, and rounding noise around zero is not.
 */
export function relativeError(gradient: readonly number[], reference: readonly number[]): number {
  const largest = reference.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  const floor = Math.max(SMALL_SHARE * largest, NOISE_FLOOR);
  let worst = 0;
  reference.forEach((b, i) => {
    const error = Math.abs(gradient[i]! - b) / Math.max(Math.abs(b), floor);
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
  });
  return worst;
}

/** Gradients of the weighted sum of what `build` makes, one per float operand; zeros where it does not depend on one. */
export async function autodiff(
  operands: readonly Operand[],
  build: Build,
  float: FloatType = 'float64',
): Promise<Operand[]> {
  const graph = new Graph({ float });
  const inputs = inputsOf(graph, operands);
  const wrt = inputs.filter((v) => isFloat(v.dtype));
  const loss = weightedSum([build(inputs)].flat() as Value[]);
  const found = gradients(loss, wrt);
  const outputs = Object.fromEntries(found.flatMap((g, i) => (g ? [[`g${i}`, g]] : [])));
  const results = await runOnce(graph, { loss, ...outputs }, feedsOf(graph, operands));
  return wrt.map((v, i) => results[`g${i}`] ?? zeros(v.shape as readonly number[]));
}

/** The same gradients by central differences (f(x + h) − f(x − h)) / 2h in float64, h = 1e-5, one element after another. */
export async function differences(operands: readonly Operand[], build: Build): Promise<Operand[]> {
  const graph = new Graph({ float: 'float64' });
  const inputs = inputsOf(graph, operands);
  const loss = weightedSum([build(inputs)].flat() as Value[]);
  const session = await Session.of(graph, { loss }, { threads: 1 });
  const feeds = feedsOf(graph, operands);
  const lossAt = async (data: Float64Array, i: number, x: number): Promise<number> => {
    data[i] = x;
    return (await session.run(feeds))['loss']!.data[0] as number;
  };
  const results: Operand[] = [];
  for (const input of inputs.filter((v) => isFloat(v.dtype))) {
    const data = feeds[input.name]!.data as Float64Array;
    const values: number[] = [];
    for (let i = 0; i < data.length; i++) {
      const x = data[i]!;
      values.push(((await lossAt(data, i, x + STEP)) - (await lossAt(data, i, x - STEP))) / (2 * STEP));
      data[i] = x;
    }
    results.push({ shape: input.shape as number[], values });
  }
  await session.release();
  return results;
}

/** Largest {@link relativeError} of autodiff against central differences, over all float operands. */
export async function gradientError(operands: readonly Operand[], build: Build): Promise<number> {
  const [ours, numeric] = [await autodiff(operands, build), await differences(operands, build)];
  return Math.max(...ours.map((g, i) => relativeError(g.values, numeric[i]!.values)));
}
