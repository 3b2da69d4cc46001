import { describe, expect, test } from '@jest/globals';
import { ForgeError } from '@agent-forge/contracts';
import { isFloat } from '../ir/dtype.js';
import { Graph, type Value } from '../ir/graph.js';
import { type Build, evaluate, inputsOf } from './evaluate.js';
import { GRADIENT_TOLERANCE, autodiff, gradientError, relativeError } from './gradcheck.js';
import type { Operand } from './operand.js';

/** One use of an op. */
export interface OpCase {
  readonly title: string;
  readonly operands: readonly Operand[];
  readonly build: Build;
  /** What it gives, computed in plain TypeScript. */
  readonly expected: Operand | readonly Operand[];
  /** False where a difference quotient says nothing: no gradient rule, or a gradient declared instead of derived. */
  readonly differentiable?: boolean;
}

/** Rounding of a few float64 operations, and of a few float32 ones. */
const VALUE_TOLERANCE = { float64: 1e-12, float32: 1e-5 } as const;
/** float32 gradients against float64 ones: the same formula, 24 bits. */
const FLOAT32_GRADIENT_TOLERANCE = 1e-4;

/** Tests of every case: value in both float types, gradient against differences in float64, gradient in float32 against float64. */
export function describeOp(name: string, cases: readonly OpCase[]): void {
  describe.each(cases)(`${name}: $title`, ({ operands, build, expected, differentiable = true }) => {
    test.each(['float64', 'float32'] as const)('gives what plain TypeScript gives, in %s', async (float) => {
      const want = [expected].flat() as Operand[];
      const got = await evaluate(operands, build, float);
      expect(got.map((y) => y.shape)).toEqual(want.map((y) => y.shape));
      got.forEach((y, i) => expect(worstDifference(y, want[i]!)).toBeLessThan(VALUE_TOLERANCE[float]));
    });
    if (!differentiable) return;
    test('has the gradient that central differences give in float64', async () => {
      expect(await gradientError(operands, build)).toBeLessThan(GRADIENT_TOLERANCE);
    });
    test('has the same gradient in float32', async () => {
      const [wide, narrow] = [await autodiff(operands, build), await autodiff(operands, build, 'float32')];
      narrow.forEach((g, i) =>
        expect(relativeError(g.values, wide[i]!.values)).toBeLessThan(FLOAT32_GRADIENT_TOLERANCE),
      );
    });
  });
}

/** Largest |a − b| / max(1, |b|); infinite where one is not a number or the signs of infinities differ. */
export function worstDifference(a: Operand, b: Operand): number {
  return b.values.reduce((worst, want, i) => {
    const got = a.values[i]!;
    if (Object.is(got, want)) return worst;
    const error = Math.abs(got - want) / Math.max(1, Math.abs(want));
    return Number.isNaN(error) ? Infinity : Math.max(worst, error);
  }, 0);
}

/** A scope whose name must be in every message about a mistake inside it. */
const SCOPE = 'layers.3';

/** Tests that wrong operands throw `GRAPH_INVALID` when the graph is built, with the node's scoped name and the reason. */
export function describeMistakes(
  node: string,
  mistakes: readonly {
    readonly title: string;
    readonly operands: readonly Operand[];
    readonly build: Build;
    readonly message: string | RegExp;
  }[],
): void {
  test.each(mistakes)(`${node} refuses $title`, ({ operands, build, message }) => {
    const graph = new Graph();
    const inputs = inputsOf(graph, operands);
    const error = caught(() => graph.scope(SCOPE, () => build(inputs)));
    expect(error).toBeInstanceOf(ForgeError);
    expect((error as ForgeError).code).toBe('GRAPH_INVALID');
    expect((error as ForgeError).message).toMatch(message);
    expect((error as ForgeError).message.startsWith(`${SCOPE}/${node}`)).toBe(true);
  });
}

export function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Tests that shapes known only when the graph runs pass through an element-by-element op. */
export function keepsSymbols(build: (x: Value) => Value): void {
  test('keeps symbolic dimensions', () => {
    const y = build(new Graph().floatInput('x', ['batch', 3]));
    expect(y.shape).toEqual(['batch', 3]);
    expect(isFloat(y.dtype)).toBe(true);
  });
}
