import { Type, type Static } from '@sinclair/typebox';
import { paramsOf } from '../phase.js';

/** Parameters of evomerge. */
export const params = paramsOf({
  method: Type.Literal('linear', {
    default: 'linear',
    description: 'How models are merged: linear is the weighted average.',
  }),
  weights: Type.Optional(
    Type.Array(Type.Number({ minimum: 0 }), {
      minItems: 1,
      maxItems: 8,
      description: 'Weight of each seed, in order; equal when left out.',
    }),
  ),
});

/** Parameters of evomerge, resolved. */
export type EvomergeParams = Static<typeof params>;
