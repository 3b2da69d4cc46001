import type { Value } from '../ir/graph.js';
import { type OpCase, describeMistakes, describeOp, keepsSymbols } from './describe-op.js';
import { type Operand, integers, uniform } from './operand.js';
import { map, zip } from './plain.js';

/** Where an op is defined and smooth enough to be differentiated. */
export interface Domain {
  readonly low?: number;
  readonly high?: number;
  readonly differentiable?: boolean;
}

const SHAPES: readonly (readonly number[])[] = [[], [5], [2, 3], [2, 3, 4]];

/** All tests of an element-by-element op of one operand. */
export function describeUnary(
  name: string,
  op: (x: Value) => Value,
  reference: (x: number) => number,
  { low = -2, high = 2, differentiable = true }: Domain = {},
): void {
  const cases = SHAPES.map((shape): OpCase => {
    const x = uniform(`${name} ${shape.join()}`, shape, [low, high]);
    return {
      title: `[${shape.join(', ')}]`,
      operands: [x],
      build: ([v]) => op(v!),
      expected: map(x, reference),
      differentiable,
    };
  });
  describeOp(name, cases);
  keepsSymbols(op);
  describeMistakes(name, [
    {
      title: 'integers',
      operands: [integers('int', [3], 9)],
      build: ([v]) => op(v!),
      message: /needs floats, not int64.*x0: int64\[3\]/,
    },
  ]);
}

const SHAPE_PAIRS: readonly (readonly [readonly number[], readonly number[]])[] = [
  [[], []],
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [[], [2, 2]],
  [
    [2, 1],
    [1, 3],
  ],
  [
    [4, 1, 3],
    [2, 1],
  ],
  [
    [1, 3],
    [2, 3, 1],
  ],
];

/** All tests of a broadcasting element-by-element op of two operands; the second one comes out of `right`. */
export function describeBinary(
  name: string,
  op: (a: Value, b: Value) => Value,
  reference: (a: number, b: number) => number,
  right: Domain = {},
): void {
  const cases = SHAPE_PAIRS.map(([s, t]): OpCase => {
    const a = uniform(`${name} a ${s.join()}`, s);
    const b = uniform(`${name} b ${t.join()}`, t, [right.low ?? -2, right.high ?? 2]);
    return {
      title: `[${s.join(', ')}] with [${t.join(', ')}]`,
      operands: [a, b],
      build: ([x, y]) => op(x!, y!),
      expected: zip(a, b, reference),
    };
  });
  const x = uniform(`${name} twice`, [2, 3], [right.low ?? -2, right.high ?? 2]);
  const twice: OpCase = {
    title: 'a value with itself',
    operands: [x],
    build: ([v]) => op(v!, v!),
    expected: zip(x, x, reference),
  };
  describeOp(name, [...cases, twice]);
  const pair = (a: Operand, b: Operand) => ({ operands: [a, b], build: ([u, v]: Value[]) => op(u!, v!) });
  describeMistakes(name, [
    {
      title: 'shapes that do not broadcast',
      ...pair(uniform('a', [2, 3]), uniform('b', [2])),
      message: /\[2, 3\] and \[2\] do not broadcast.*x0: float32\[2, 3\], x1: float32\[2\]/,
    },
    {
      title: 'two float types',
      ...pair(uniform('a', [2]), { ...uniform('b', [2]), dtype: 'float64' }),
      message: /mixes float32 and float64/,
    },
    { title: 'integers', ...pair(integers('a', [2], 5), integers('b', [2], 5)), message: /needs floats, not int64/ },
  ]);
}
