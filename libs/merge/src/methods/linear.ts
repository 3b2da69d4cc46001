import { combine } from '../math/combine.js';
import { defineMethod } from '../method.js';
import { flag, number } from '../parameters.js';

const total = (weights: readonly { weight: number }[]): number => weights.reduce((sum, { weight }) => sum + weight, 0);

/** Σ wᵢ·xᵢ, divided by Σ wᵢ. */
export const linear = defineMethod({
  name: 'linear',
  title: 'Linear',
  reference: 'Wortsman et al., Model soups, arXiv 2203.05482',
  base: 'ignored',
  inputs: { min: 1, max: Infinity },
  shared: { normalize: flag('divide by the sum of the weights', true) },
  perInput: { weight: number('share of this model') },
  check: ({ normalize }, inputs) =>
    normalize && total(inputs) === 0 ? 'the weights add up to 0 and cannot be normalised' : null,
  merge: ({ inputs, shared }, out) => {
    const weights = inputs.map(({ parameters }) => parameters.weight);
    const divisor = shared.normalize ? total(inputs.map(({ parameters }) => parameters)) : 1;
    combine(
      inputs.map(({ tensor }) => tensor),
      weights.map((weight) => weight / divisor),
      out,
    );
  },
});
