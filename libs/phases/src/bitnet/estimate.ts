import type { Estimate, Situation } from '../estimate.js';
import { estimateContinued } from '../shared/continued.js';
import type { BitnetParams } from './params.js';

/** Parent, control, ternary without and with training. */
const MEASURED = 4;

/** What training on with ternary weights needs, with its control and the forms that are read back. */
export function estimate(params: BitnetParams, situation: Situation): Estimate {
  const { control, exports } = params;
  // The float control and the ternary model in whole; the forms are small beside them.
  return estimateContinued(params, situation, {
    trainings: control ? 2 : 1,
    measured: MEASURED + exports.length,
    copies: 4,
  });
}
