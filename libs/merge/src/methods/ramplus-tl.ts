import { clamp } from '../math/angles.js';
import { defineMethod } from '../method.js';
import { number } from '../parameters.js';
import { DEFAULT_EPSILON, mergeByUse } from '../task-vectors/use.js';

/** As RAM, but what one model alone changed is amplified, the more it shares with others in this tensor. */
export const ramplusTl = defineMethod({
  name: 'ramplus_tl',
  title: 'Reinforced Agent Merging Plus (Tensor-Local)',
  reference: 'arXiv 2601.13572',
  base: 'required',
  inputs: { min: 0, max: Infinity },
  shared: {
    r: number('amplification for each shared element per unique one', 0.1),
    alpha: number('largest ratio of shared to unique elements that counts', 0.2),
    epsilon: number('changes up to this are none', DEFAULT_EPSILON, { min: 0 }),
  },
  perInput: {},
  merge: ({ base, inputs, shared: { r, alpha, epsilon } }, out) =>
    mergeByUse(
      base!,
      inputs.map(({ tensor }) => tensor),
      epsilon,
      ({ shared, unique }) => 1 + r * clamp(shared / Math.max(unique, epsilon), 0, alpha),
      out,
    ),
});
