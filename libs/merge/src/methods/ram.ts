import { defineMethod } from '../method.js';
import { number } from '../parameters.js';
import { DEFAULT_EPSILON, mergeByUse } from '../task-vectors/use.js';

/** Elements that one model changed keep its change; those that several changed get the mean of their changes. */
export const ram = defineMethod({
  name: 'ram',
  title: 'Reinforced Agent Merging',
  reference: 'arXiv 2601.13572',
  base: 'required',
  inputs: { min: 0, max: Infinity },
  shared: { epsilon: number('changes up to this are none', DEFAULT_EPSILON, { min: 0 }) },
  perInput: {},
  merge: ({ base, inputs, shared: { epsilon } }, out) =>
    mergeByUse(
      base!,
      inputs.map(({ tensor }) => tensor),
      epsilon,
      () => 1,
      out,
    ),
});
