import { combine } from '../math/combine.js';
import { defineMethod } from '../method.js';
import { number } from '../parameters.js';

/** One source as it is, times `scale`: layers of several models stacked into one. */
export const passthrough = defineMethod({
  name: 'passthrough',
  title: 'Passthrough',
  reference: 'mergekit',
  base: 'ignored',
  inputs: { min: 1, max: 1 },
  shared: {},
  perInput: { scale: number('factor on every value', 1) },
  merge: ({ inputs: [input] }, out) => {
    combine([input!.tensor], [input!.parameters.scale], out);
  },
});
