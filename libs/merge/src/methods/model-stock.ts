import { clamp } from '../math/angles.js';
import { combine } from '../math/combine.js';
import { gram, type Gram } from '../math/gram.js';
import { defineMethod, rowLength } from '../method.js';
import { flag } from '../parameters.js';

/** Smaller products of norms count as this. */
const MIN_NORM_PRODUCT = 1e-6;
/** A denominator this small has no finite ratio: the base stays. */
const MIN_DENOMINATOR = 1e-6;

/**
 * Between the base and the average of the models, at the ratio that the angle between their task vectors gives (equation 2 of
 * the paper, for N models).
 */
export const modelStock = defineMethod({
  name: 'model_stock',
  title: 'Model Stock',
  reference: 'Jang et al., Model Stock, arXiv 2403.19522',
  base: 'required',
  inputs: { min: 2, max: Infinity },
  shared: { filter_wise: flag('a ratio for each row instead of one for the tensor', false) },
  perInput: {},
  merge: ({ shape, base, inputs, shared }, out) => {
    const models = inputs.map(({ tensor }) => tensor);
    const span = shared.filter_wise ? rowLength(shape) : out.length;
    for (let start = 0; start < out.length; start += span) {
      const ratio = interpolationRatio(gram(models, base, start, start + span));
      const coefficients = [...models.map(() => ratio / models.length), 1 - ratio];
      combine([...models, base!], coefficients, out, start, start + span);
    }
  },
});

/** t = N·c / (1 + (N − 1)·c), where c is the mean cosine between pairs of task vectors. */
export function interpolationRatio(products: Gram): number {
  const count = products.length;
  let sum = 0;
  for (let i = 0; i < count; i++)
    for (let j = i + 1; j < count; j++) {
      const norms = Math.sqrt(products[i]![i]!) * Math.sqrt(products[j]![j]!);
      sum += clamp(products[i]![j]! / Math.max(norms, MIN_NORM_PRODUCT), -1, 1);
    }
  const cosine = sum / ((count * (count - 1)) / 2);
  const denominator = 1 + (count - 1) * cosine;
  return Math.abs(denominator) < MIN_DENOMINATOR ? 0 : (count * cosine) / denominator;
}
