import type { Value } from '../ir/graph.js';
import { add } from '../ops/add.js';
import { div } from '../ops/div.js';
import { mul } from '../ops/mul.js';
import { sqrt } from '../ops/sqrt.js';
import { sub } from '../ops/sub.js';
import type { Optimizer } from './optimizer.js';

export interface AdamWOptions {
  readonly learningRate: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Decoupled decay, applied to matrices and embeddings only. */
  readonly weightDecay?: number;
  /** The last step that decays; every step by default. */
  readonly decaySteps?: number;
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, arXiv:1711.05101, algorithm 2).
 * The state is kept as m / (1 - beta1) and v / (1 - beta2), which saves two passes over every tensor;
 * the constants are folded into the step size and eps.
 */
export function adamw(options: AdamWOptions): Optimizer {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weightDecay = 0.01, decaySteps = Infinity } = options;
  return {
    name: 'adamw',
    slots: () => ['m', 'v'],
    scalars(step, factor) {
      const lr = learningRate * factor;
      // v̂ = V·(1−β2)/(1−β2^t) with V the kept state, so √v̂ + ε = k·(√V + ε/k)
      const k = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
      return {
        adamRate: (lr * (1 - beta1)) / (1 - beta1 ** step) / k,
        adamEps: eps / k,
        adamKeep: step > decaySteps ? 1 : 1 - lr * weightDecay,
      };
    },
    update(parameter, value, gradient, [m, v], scalars) {
      const graph = gradient.graph;
      const m1 = add(mul(m!, graph.scalar(beta1)), gradient);
      const v1 = add(mul(v!, graph.scalar(beta2)), mul(gradient, gradient));
      const move = div(mul(m1, scalars.adamRate!), add(sqrt(v1), scalars.adamEps!));
      const kept: Value = parameter.role === 'vector' || weightDecay === 0 ? value : mul(value, scalars.adamKeep!);
      return { value: sub(kept, move), state: [m1, v1] };
    },
  };
}
