import { ForgeError } from '@agent-forge/contracts';
import { Graph, type Node, type OpDefinition, type Value, apply } from '../ir/graph.js';
import { lowerGraph, reachable } from '../ir/serialize.js';
import { type Dim, sameShape, show } from '../ir/shape.js';

interface ScanAttributes {
  readonly body: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
  readonly states: number;
  readonly steps: Dim;
  /** Values of surrounding graphs that the body uses. */
  readonly captured: readonly Value[];
}

const Scan: OpDefinition<ScanAttributes> = {
  name: 'scan',
  infer: (_, { outputs, states, steps }) =>
    Object.values(outputs).map((v, i) => (i < states ? v.type : { dtype: v.dtype, shape: [steps, ...v.shape] })),
  lower(emit, node: Node<ScanAttributes>) {
    const { body, outputs, states } = node.attributes;
    const proto = lowerGraph(body, outputs, emit, `${node.name}.`);
    emit.one(node as Node, 'Scan', { body: { g: proto }, num_scan_inputs: { i: node.inputs.length - states } });
  },
};

/** What the body of a scan gives back for one step. */
export interface ScanStep {
  /** The new states, same types and order as the initial ones. */
  readonly states: readonly Value[];
  /** Values of this step; each is stacked over the steps. */
  readonly collected: readonly Value[];
}

/**
 * A loop over the first axis of `sequences` that carries `states` from step to step (ONNX `Scan`).
 * It is not differentiated through: gradients are taken inside the body.
 * @param build receives the body graph, the states and one slice of every sequence
 * @returns the final states, and every collected value with a leading axis of steps
 */
export function scan(
  states: readonly Value[],
  sequences: readonly Value[],
  build: (body: Graph, states: Value[], slices: Value[]) => ScanStep,
): { states: Value[]; collected: Value[] } {
  const [first] = sequences;
  if (!first) throw new ForgeError('GRAPH_INVALID', 'scan: needs at least one sequence to loop over');
  if (sequences.some((v) => v.shape[0] === undefined || v.shape[0] !== first.shape[0])) {
    const shapes = sequences.map((v) => `${v.name} ${show(v.shape)}`).join(', ');
    throw new ForgeError('GRAPH_INVALID', `scan: sequences differ in their number of steps: ${shapes}`);
  }
  const outer = [...states, ...sequences].reduce((graph, v) => (graph.sees(v) ? graph : v.graph), first.graph);
  const body = new Graph({}, outer);
  const stateIn = states.map((v, i) => body.input(`state.${i}`, v.dtype, v.shape));
  const slices = sequences.map((v, i) => body.input(`slice.${i}`, v.dtype, v.shape.slice(1)));
  const step = build(body, stateIn, slices);
  if (step.states.length !== states.length)
    throw new ForgeError(
      'GRAPH_INVALID',
      `scan: a step gives ${step.states.length} states instead of ${states.length}`,
    );
  step.states.forEach((v, i) => {
    const want = states[i]!;
    if (v.dtype !== want.dtype || !sameShape(v.shape, want.shape)) {
      throw new ForgeError(
        'GRAPH_INVALID',
        `scan: state ${i} (${want.name}) turns from ${show(want.shape)} into ${show(v.shape)}`,
      );
    }
  });
  const results = [...step.states, ...step.collected];
  const outputs = Object.fromEntries(results.map((v, i) => [`out.${i}`, v]));
  const attributes = {
    body,
    outputs,
    states: states.length,
    steps: first.shape[0]!,
    captured: capturedBy(body, results),
  };
  const all = apply(Scan, [...states, ...sequences], attributes);
  return { states: all.slice(0, states.length), collected: all.slice(states.length) };
}

function capturedBy(body: Graph, results: readonly Value[]): Value[] {
  const used = reachable(body, results).flatMap((n) => [
    ...n.inputs,
    ...((n.attributes as ScanAttributes | null)?.captured ?? []),
  ]);
  return [...new Set([...used, ...results])].filter((v) => v.graph !== body);
}
