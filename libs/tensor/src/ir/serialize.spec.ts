import { describe, expect, test } from '@jest/globals';
import { fromBinary } from '@bufbuild/protobuf';
import { type GraphProto, ModelProtoSchema } from '../generated/onnx_pb.js';
import { add } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { exp } from '../ops/exp.js';
import { matmul } from '../ops/matmul.js';
import { mul } from '../ops/mul.js';
import { reshape } from '../ops/reshape.js';
import { scan } from '../ops/scan.js';
import { softmax } from '../ops/softmax.js';
import { split } from '../ops/split.js';
import { transpose } from '../ops/transpose.js';
import { feedsOf, inputsOf, runOnce, tensorOf } from '../testing/evaluate.js';
import { integers, operand, uniform } from '../testing/operand.js';
import { Graph, type Value } from './graph.js';
import { type Outputs, toOnnx } from './serialize.js';

function parsed(graph: Graph, outputs: Outputs): GraphProto {
  return fromBinary(ModelProtoSchema, toOnnx(graph, outputs)).graph!;
}

/** All names that a graph and its loop bodies define: inputs, constants and node outputs. */
function defined(proto: GraphProto): string[] {
  const bodies = proto.node.flatMap((n) => n.attribute.flatMap((a) => (a.g ? defined(a.g) : [])));
  const own = [
    ...proto.input.map((v) => v.name),
    ...proto.initializer.map((t) => t.name),
    ...proto.node.flatMap((n) => n.output),
  ];
  return [...own, ...bodies];
}

/** A loop in a loop, with a constant, a captured value and a multiple-output op in each. */
function nested(graph: Graph): Outputs {
  const [s, x] = [graph.floatInput('s', [2]), graph.floatInput('x', ['steps', 3, 2])];
  const shared = mul(s, graph.scalar(2));
  const { states, collected } = scan([s], [x], (_, [state], [rows]) => {
    const inner = scan([state!], [rows!], (body, [sum], [row]) => {
      const [a, b] = split(row!, 0, [1, 1]) as [Value, Value];
      return { states: [add(add(sum!, concat([b, a], 0)), shared)], collected: [body.constant(body.float, [], [3])] };
    });
    return { states: inner.states, collected: inner.collected };
  });
  return { last: states[0]!, constant: collected[0]! };
}

describe('toOnnx', () => {
  test('onnxruntime takes back every element type, as input, constant and output', async () => {
    const graph = new Graph();
    const types = ['float32', 'float64', 'int64', 'int32', 'int8', 'uint8', 'bool'] as const;
    const operands = types.map((dtype) => integers(dtype, [2, 3], 2, dtype));
    const inputs = inputsOf(graph, operands);
    const constants = operands.map((x) => graph.constant(x.dtype!, x.shape, x.values));
    const pairs = inputs.map((v, i) => concat([v, constants[i]!], 0));
    const outputs = Object.fromEntries(pairs.map((v, i) => [`y${i}`, v]));
    const results = await runOnce(graph, outputs, feedsOf(graph, operands));
    operands.forEach((x, i) => expect(results[`y${i}`]).toEqual({ shape: [4, 3], values: [...x.values, ...x.values] }));
  });

  test('one symbolic graph runs at every batch size and sequence length', async () => {
    const graph = new Graph();
    const x = graph.floatInput('x', ['batch', 'sequence', 4]);
    const w = graph.constant('float32', [4, 4], uniform('w', [4, 4]).values);
    const heads = transpose(reshape(matmul(x, w), ['batch', 'sequence', 2, 2]), [0, 2, 1, 3]);
    const y = reshape(transpose(softmax(heads), [0, 2, 1, 3]), ['rows', 4]);
    for (const [batch, sequence] of [
      [1, 1],
      [2, 3],
      [5, 17],
    ] as const) {
      const result = await runOnce(graph, { y }, { x: tensorOf(uniform('x', [batch, sequence, 4]), 'float32') });
      expect(result['y']!.shape).toEqual([batch * sequence, 4]);
      for (let i = 0; i < result['y']!.values.length; i += 2)
        expect(result['y']!.values[i]! + result['y']!.values[i + 1]!).toBeCloseTo(1, 5);
    }
  });

  test('leaves out nodes and constants that no output needs', () => {
    const graph = new Graph();
    const x = graph.floatInput('x', [2]);
    const y = exp(x);
    add(mul(y, graph.constant('float32', [2], [1, 2], 'unused')), graph.scalar(7));
    const proto = parsed(graph, { y });
    expect(proto.node.map((n) => n.opType)).toEqual(['Exp']);
    expect(proto.initializer).toEqual([]);
  });

  test('leaves them out inside a loop body too, with what only they needed outside', () => {
    const graph = new Graph();
    const [s, x] = [graph.floatInput('s', [2]), graph.floatInput('x', [3, 2])];
    const outside = exp(s);
    const { states } = scan([s], [x], (_, [state], [slice]) => {
      mul(outside, slice!);
      return { states: [add(state!, slice!)], collected: [] };
    });
    const proto = parsed(graph, { y: states[0]! });
    expect(proto.node.map((n) => n.opType)).toEqual(['Scan']);
    expect(proto.node[0]!.attribute.find((a) => a.g)!.g!.node.map((n) => n.opType)).toEqual(['Add']);
  });

  test('gives every value a name of its own, over all loop bodies', () => {
    const graph = new Graph();
    const names = defined(parsed(graph, nested(graph)));
    expect(names.length).toBeGreaterThan(10);
    expect(new Set(names).size).toBe(names.length);
  });

  test('a loop in a loop computes what plain loops compute', async () => {
    const graph = new Graph();
    const [s, x] = [uniform('s', [2]), uniform('x', [4, 3, 2])];
    const result = await runOnce(graph, nested(graph), { s: tensorOf(s, 'float32'), x: tensorOf(x, 'float32') });
    const sums = [0, 1].map((c) => x.values.filter((_, i) => i % 2 !== c).reduce((a, b) => a + b, 0));
    const want = sums.map((v, c) => s.values[c]! + v + 12 * 2 * s.values[c]!);
    result['last']!.values.forEach((v, c) => expect(v).toBeCloseTo(want[c]!, 4));
    expect(result['constant']).toEqual({ shape: [4, 3], values: Array.from({ length: 12 }, () => 3) });
  });

  test('returns inputs, constants and one value under two names', async () => {
    const graph = new Graph();
    const x = graph.floatInput('x', [2]);
    const y = exp(x);
    const outputs = { same: x, one: graph.scalar(1), y, again: y };
    const result = await runOnce(graph, outputs, { x: tensorOf(operand([2], [0, 1]), 'float32') });
    expect(result['same']!.values).toEqual([0, 1]);
    expect(result['one']).toEqual({ shape: [], values: [1] });
    expect(result['again']).toEqual(result['y']);
  });

  test('refuses a graph without outputs, and an output named like an input', () => {
    const graph = new Graph();
    const x = graph.floatInput('x', [2]);
    expect(() => toOnnx(graph, {})).toThrow('needs at least one output');
    expect(() => toOnnx(graph, { x: exp(x) })).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('output x') }),
    );
  });

  test('is the same bytes each time', () => {
    const bytes = [1, 2].map(() => {
      const graph = new Graph();
      return Buffer.from(toOnnx(graph, nested(graph))).toString('base64');
    });
    expect(bytes[0]).toBe(bytes[1]);
  });
});
