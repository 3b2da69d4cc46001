import { clamp, lerpPair, slerpPair } from '../math/angles.js';
import { combine } from '../math/combine.js';
import { gram } from '../math/gram.js';
import { defineMethod } from '../method.js';
import { number } from '../parameters.js';

/** Above this the angle is too small, or too close to a half turn, for a stable quotient of sines. */
const COLLINEAR_COSINE = 0.9995;
/** A shorter vector has no direction; its norm counts as 1. */
const MIN_NORM = 1e-8;

/**
 * Along the great circle from the base (t = 0) to the other model (t = 1), the whole tensor as one vector. The sines weigh the
 * vectors as they are, not their unit vectors. Nearly parallel and nearly opposite ones are interpolated linearly.
 */
export const slerp = defineMethod({
  name: 'slerp',
  title: 'SLERP',
  reference: 'Shoemake, Animating Rotation with Quaternion Curves, 1985',
  base: 'required',
  inputs: { min: 1, max: 1 },
  shared: { t: number('how far from the base to the other model, 0 to 1') },
  perInput: {},
  merge: ({ base, inputs: [other], shared: { t } }, out) => {
    const pair = [base!, other!.tensor];
    const products = gram(pair, null, 0, out.length);
    const [a, b] = [0, 1].map((i) => {
      const norm = Math.sqrt(products[i]![i]!);
      return norm > MIN_NORM ? norm : 1;
    });
    const cosine = clamp(products[0]![1]! / (a! * b!), -1, 1);
    combine(pair, Math.abs(cosine) > COLLINEAR_COSINE ? lerpPair(t) : slerpPair(t, cosine), out);
  },
});
