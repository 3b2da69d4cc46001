import { type FloatType, fromNumbers } from '../ir/dtype.js';
import { Graph, type Value } from '../ir/graph.js';
import type { Outputs } from '../ir/serialize.js';
import { type HostTensor, Session } from '../session/session.js';
import type { Operand } from './operand.js';

/** Builds something from one graph input per operand. */
export type Build = (inputs: Value[]) => Value | readonly Value[];

/** Graph inputs named `x0`, `x1`, … of the operands' types. */
export function inputsOf(graph: Graph, operands: readonly Operand[]): Value[] {
  return operands.map((x, i) => graph.input(`x${i}`, x.dtype ?? graph.float, x.shape));
}

/** The operands as tensors for the inputs of {@link inputsOf}. */
export function feedsOf(graph: Graph, operands: readonly Operand[]): Record<string, HostTensor> {
  return Object.fromEntries(operands.map((x, i) => [`x${i}`, tensorOf(x, graph.float)]));
}

export function tensorOf(x: Operand, float: FloatType): HostTensor {
  const dtype = x.dtype ?? float;
  return { dtype, shape: x.shape, data: fromNumbers(dtype, x.values) };
}

export function operandOf(tensor: HostTensor): Operand {
  return { shape: tensor.shape, values: Array.from(tensor.data as Float64Array, Number) };
}

/** Runs outputs of a graph once on the cpu provider, in one thread. */
export async function runOnce(
  graph: Graph,
  outputs: Outputs,
  feeds: Readonly<Record<string, HostTensor>>,
): Promise<Record<string, Operand>> {
  const session = await Session.of(graph, outputs, { threads: 1 });
  try {
    const results = await session.run(feeds);
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, operandOf(tensor)]));
  } finally {
    await session.release();
  }
}

/** The values of what `build` makes of the operands, computed by onnxruntime. */
export async function evaluate(
  operands: readonly Operand[],
  build: Build,
  float: FloatType = 'float64',
): Promise<Operand[]> {
  const graph = new Graph({ float });
  const values = [build(inputsOf(graph, operands))].flat() as Value[];
  const outputs = Object.fromEntries(values.map((v, i) => [`y${i}`, v]));
  const results = await runOnce(graph, outputs, feedsOf(graph, operands));
  return values.map((_, i) => results[`y${i}`]!);
}
