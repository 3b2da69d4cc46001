import { combine } from '../math/combine.js';
import { defineMethod } from '../method.js';
import { flag, int8Mask, number, rescale } from '../parameters.js';

/** A sum of weights closer to 0 than this divides nothing. */
const MIN_DIVISOR = 1e-8;

/** base + λ · Σ wᵢ·(xᵢ − base). */
export const taskArithmetic = defineMethod({
  name: 'task_arithmetic',
  title: 'Task Arithmetic',
  reference: 'Ilharco et al., Editing Models with Task Arithmetic, arXiv 2212.04089',
  base: 'required',
  inputs: { min: 0, max: Infinity },
  shared: {
    normalize: flag('divide by the sum of the weights', false),
    lambda: number('factor on the merged task vector', 1),
    rescale: rescale('none', false),
    int8_mask: int8Mask,
  },
  perInput: {
    weight: number('factor on the task vector of this model'),
    density: number('has no effect: nothing is pruned', 1),
  },
  merge: ({ base, inputs, shared: { normalize, lambda } }, out) => {
    const weights = inputs.map(({ parameters }) => parameters.weight);
    const total = weights.reduce((a, b) => a + b, 0);
    const factor = lambda / (normalize && Math.abs(total) >= MIN_DIVISOR ? total : 1);
    const models = inputs.map(({ tensor }) => tensor);
    combine([...models, base!], [...weights.map((weight) => factor * weight), 1 - factor * total], out);
  },
});
