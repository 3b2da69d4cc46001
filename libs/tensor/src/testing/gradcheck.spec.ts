import { describe, expect, test } from '@jest/globals';
import { type OpDefinition, type Value, apply } from '../ir/graph.js';
import { mul } from '../ops/mul.js';
import { GRADIENT_TOLERANCE, gradientError, relativeError } from './gradcheck.js';
import { uniform } from './operand.js';

/** x², whose gradient is stated `factor` times too large. */
function square(factor: number): (x: Value) => Value {
  const op: OpDefinition<null> = {
    name: 'square',
    infer: ([x]) => [x!],
    lower: (emit, node) =>
      emit.node('Mul', [emit.name(node.inputs[0]!), emit.name(node.inputs[0]!)], [emit.name(node.outputs[0]!)]),
    gradient: ({ inputs: [x] }, [g]) => [mul(mul(g!, x!), g!.graph.scalar(2 * factor))],
  };
  return (x) => apply(op, [x], null)[0]!;
}

describe('the gradient check itself', () => {
  const x = uniform('square', [3, 2]);

  test('passes a right rule', async () => {
    expect(await gradientError([x], ([v]) => square(1)(v!))).toBeLessThan(GRADIENT_TOLERANCE);
  });

  test.each([2, -1, 0, 1.0001])('fails a rule that is wrong by a factor of %d', async (factor) => {
    const error = await gradientError([x], ([v]) => square(factor)(v!));
    expect(error).toBeGreaterThan(GRADIENT_TOLERANCE);
    expect(error).toBeCloseTo(Math.abs(factor - 1), 4);
  });

  test('fails a rule with one wrong element that is small beside the others', () => {
    expect(relativeError([1, 0.5, 0.011], [1, 0.5, 0.01])).toBeCloseTo(0.1, 9);
  });

  test('fails NaN and a missing element', () => {
    expect(relativeError([NaN], [1])).toBe(Infinity);
    expect(relativeError([1], [1, 2])).toBe(Infinity);
  });
});
