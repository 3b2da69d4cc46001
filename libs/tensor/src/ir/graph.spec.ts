import { describe, expect, test } from '@jest/globals';
import { add } from '../ops/add.js';
import { exp } from '../ops/exp.js';
import { mul } from '../ops/mul.js';
import { scan } from '../ops/scan.js';
import { Graph, sizeBytes } from './graph.js';

describe('names', () => {
  test('carry the scopes they were made in, and stay unique', () => {
    const graph = new Graph();
    const x = graph.floatInput('x', [2]);
    const names = graph.scope('layers.0', () => graph.scope('mlp', () => [exp(x), exp(x), exp(x)].map((v) => v.name)));
    expect(names).toEqual(['layers.0/mlp/exp', 'layers.0/mlp/exp_1', 'layers.0/mlp/exp_2']);
    expect(exp(x).name).toBe('exp');
  });

  test('leave a scope that ends in an error', () => {
    const graph = new Graph();
    const x = graph.floatInput('x', [2]);
    expect(() => graph.scope('broken', () => add(x, graph.floatInput('y', [3])))).toThrow('broken/add');
    expect(exp(x).name).toBe('exp');
  });

  test('of a loop body do not meet those around it', () => {
    const graph = new Graph();
    const [s, x] = [graph.floatInput('s', [2]), graph.floatInput('x', [3, 2])];
    const outside = exp(s).name;
    const inside: string[] = [];
    scan([s], [x], (_, [state], [slice]) => {
      inside.push(exp(state!).name, exp(slice!).name);
      return { states: [state!], collected: [] };
    });
    expect(new Set([outside, ...inside, exp(s).name]).size).toBe(4);
  });
});

describe('constants', () => {
  test('equal scalars are one, but not 0 and -0, nor two types', () => {
    const graph = new Graph();
    expect(graph.scalar(2)).toBe(graph.scalar(2));
    expect(graph.scalar(0)).not.toBe(graph.scalar(-0));
    expect(graph.scalar(2)).not.toBe(graph.scalar(2, 'int64'));
    expect(graph.scalar(NaN)).toBe(graph.scalar(NaN));
    expect(graph.constants).toHaveLength(5);
  });

  test('refuse a wrong number of values', () => {
    expect(() => new Graph().constant('float32', [2, 2], [1, 2, 3], 'w')).toThrow(
      'constant w: 3 values for shape [2, 2]',
    );
  });
});

describe('mistakes', () => {
  const graph = new Graph();
  const x = graph.floatInput('x', [2]);

  test('one name for two inputs', () => {
    expect(() => graph.floatInput('x', [3])).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: 'input x is defined twice' }),
    );
  });

  test('a value of another graph', () => {
    const stranger = new Graph().floatInput('stranger', [2]);
    expect(() => mul(x, stranger)).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('belongs to another graph') }),
    );
  });

  test('a value of a loop body used after the loop', () => {
    let leaked = x;
    scan([x], [graph.floatInput('rows', [3, 2])], (_, [state], [slice]) => ({
      states: [(leaked = mul(state!, slice!))],
      collected: [],
    }));
    const outside = add(x, x);
    expect(() =>
      scan([outside], [graph.floatInput('more', [3, 2])], (_, [s], [slice]) => ({
        states: [add(s!, mul(slice!, leaked))],
        collected: [],
      })),
    ).toThrow(
      expect.objectContaining({ code: 'GRAPH_INVALID', message: expect.stringContaining('belongs to another graph') }),
    );
  });
});

test('float inputs and scalars follow the float type of the graph, loop bodies included', () => {
  const graph = new Graph({ float: 'float64' });
  const s = graph.floatInput('s', []);
  expect([s.dtype, graph.scalar(1).dtype]).toEqual(['float64', 'float64']);
  scan([s], [graph.floatInput('x', [2])], (body, [state]) => {
    expect([body.float, body.scalar(1).dtype]).toEqual(['float64', 'float64']);
    return { states: [state!], collected: [] };
  });
});

test('sizeBytes is known when the shape is', () => {
  expect(sizeBytes({ dtype: 'float64', shape: [2, 3] })).toBe(48);
  expect(sizeBytes({ dtype: 'float16', shape: [] })).toBe(2);
  expect(sizeBytes({ dtype: 'int8', shape: ['batch', 3] })).toBeNull();
});
