import { BLOCK_ELEMENTS, forEachBlock } from '../math/blocks.js';
import { scratchFloats } from '../math/scratch.js';
import { defineMethod } from '../method.js';
import { number } from '../parameters.js';

/** Smaller differences count as this. */
const MIN_DIFFERENCE = 1e-6;

/** Takes the other model's value where it is within `t` of the base, and moves towards it by t / difference elsewhere. */
export const nearswap = defineMethod({
  name: 'nearswap',
  title: 'NearSwap',
  reference: 'alchemonaut, QuartetAnemoi-70B-t0.0001, 2024',
  base: 'required',
  inputs: { min: 1, max: 1 },
  shared: { t: number('difference up to which the other value is taken') },
  perInput: {},
  merge: ({ base, inputs: [other], shared: { t } }, out) => {
    const size = Math.min(BLOCK_ELEMENTS, out.length);
    const [a, b] = [scratchFloats(size), scratchFloats(size)];
    forEachBlock(0, out.length, (start, length) => {
      base!.read(start, a.subarray(0, length));
      other!.tensor.read(start, b.subarray(0, length));
      for (let i = 0; i < length; i++) {
        const weight = Math.min(1, Math.max(0, t / Math.max(Math.abs(a[i]! - b[i]!), MIN_DIFFERENCE)));
        a[i] = weight * b[i]! + (1 - weight) * a[i]!;
      }
      out.write(start, a.subarray(0, length));
    });
  },
});
