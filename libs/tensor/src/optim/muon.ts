import type { Value } from '../ir/graph.js';
import { add } from '../ops/add.js';
import { div } from '../ops/div.js';
import { matmul } from '../ops/matmul.js';
import { mul } from '../ops/mul.js';
import { reduceSum } from '../ops/reduce-sum.js';
import { sqrt } from '../ops/sqrt.js';
import { sub } from '../ops/sub.js';
import { type AdamWOptions, adamw } from './adamw.js';
import type { Optimizer } from './optimizer.js';

/** Coefficients of the quintic iteration x ← a·x + b·x³ + c·x⁵ on singular values (Jordan et al. 2024, "Muon"). */
const QUINTIC = [3.4445, -4.775, 2.0315] as const;
const NORM_EPS = 1e-7;

/**
 * Moves the singular values of a matrix towards 1: the nearest (semi-)orthogonal matrix, roughly.
 * @param x [rows, columns]
 * @param steps Newton-Schulz iterations, 5 by default
 */
export function newtonSchulz(x: Value, steps = 5): Value {
  const graph = x.graph;
  const [a, b, c] = QUINTIC;
  // The Gram matrix is taken on the short side.
  const wide = x.dim(0) <= x.dim(1);
  let y = div(x, add(sqrt(reduceSum(mul(x, x))), graph.scalar(NORM_EPS)));
  for (let i = 0; i < steps; i++) {
    const gram = matmul(y, y, wide ? { transB: true } : { transA: true });
    const poly = add(mul(gram, graph.scalar(b)), matmul(gram, gram, { alpha: c }));
    y = add(mul(y, graph.scalar(a)), wide ? matmul(poly, y) : matmul(y, poly));
  }
  return y;
}

export interface MuonOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  readonly weightDecay?: number;
  readonly newtonSchulzSteps?: number;
  /** For embeddings, head and vectors. */
  readonly adamw: AdamWOptions;
}

/**
 * Muon on hidden matrices (Nesterov momentum, then `newtonSchulz`, scaled by √max(1, rows/columns)), AdamW on the rest.
 */
export function muon({
  learningRate,
  momentum = 0.95,
  weightDecay = 0,
  newtonSchulzSteps = 5,
  adamw: rest,
}: MuonOptions): Optimizer {
  const other = adamw(rest);
  return {
    name: 'muon',
    slots: (p) => (p.role === 'matrix' ? ['momentum'] : other.slots(p)),
    scalars: (step, factor) => ({
      ...other.scalars(step, factor),
      muonRate: learningRate * factor,
      muonKeep: 1 - learningRate * factor * weightDecay,
    }),
    update(parameter, value, gradient, state, scalars) {
      if (parameter.role !== 'matrix') return other.update(parameter, value, gradient, state, scalars);
      const graph = gradient.graph;
      const mu = graph.scalar(momentum);
      const buffer = add(mul(state[0]!, mu), gradient);
      const direction = newtonSchulz(add(gradient, mul(buffer, mu)), newtonSchulzSteps);
      const stretch = Math.sqrt(Math.max(1, parameter.shape[0]! / parameter.shape[1]!));
      const move = mul(direction, mul(scalars.muonRate!, graph.scalar(stretch)));
      const kept = weightDecay === 0 ? value : mul(value, scalars.muonKeep!);
      return { value: sub(kept, move), state: [buffer] };
    },
  };
}
