import { add } from '../ops/add.js';
import { mul } from '../ops/mul.js';
import { sub } from '../ops/sub.js';
import type { Optimizer } from './optimizer.js';

export interface SgdOptions {
  readonly learningRate: number;
  readonly momentum?: number;
  /** Added to the gradient of matrices and embeddings (coupled, as torch.optim.SGD does). */
  readonly weightDecay?: number;
}

/** Stochastic gradient descent with Nesterov momentum (Sutskever et al. 2013, in the form of torch.optim.SGD: b ← µb + g; p ← p − lr·(g + µb)). */
export function sgd({ learningRate, momentum = 0.9, weightDecay = 0 }: SgdOptions): Optimizer {
  return {
    name: 'sgd',
    slots: () => ['momentum'],
    scalars: (_, factor) => ({ sgdRate: learningRate * factor }),
    update(parameter, value, gradient, [buffer], scalars) {
      const graph = gradient.graph;
      const decays = weightDecay !== 0 && parameter.role !== 'vector';
      const g = decays ? add(gradient, mul(value, graph.scalar(weightDecay))) : gradient;
      const b1 = add(mul(buffer!, graph.scalar(momentum)), g);
      const nesterov = add(g, mul(b1, graph.scalar(momentum)));
      return { value: sub(value, mul(nesterov, scalars.sgdRate!)), state: [b1] };
    },
  };
}
