import { ForgeError } from '@agent-forge/contracts';
import { fitnessOf } from '../shared/fitness.js';
import type { Measured } from '../shared/yardstick.js';
import type { TrainingParams } from './params.js';

/** What the model that came in is called among the arms. */
export const INPUT = 'input';

/** What goes on, and why. */
export interface Choice {
  /** An arm, or the input. */
  readonly chosen: string;
  /** The best arm, whether it goes on or not. */
  readonly best: string;
  /** Why the input goes on instead. */
  readonly degraded?: string;
}

/**
 * Chooses by what was measured on the select part.
 * @throws ForgeError GATE_FAILED when no arm is better than the input and the recipe does not want to go on then
 */
export function choose(
  measured: ReadonlyMap<string, Measured>,
  { whenNoGain }: Pick<TrainingParams, 'whenNoGain'>,
): Choice {
  const fitness = new Map([...measured].map(([name, each]) => [name, fitnessOf(each)]));
  const arms = [...fitness].filter(([name]) => name !== INPUT);
  const [best, lowest] = arms.reduce((a, b) => (b[1] < a[1] ? b : a));
  if (lowest < fitness.get(INPUT)! || whenNoGain === 'arm') return { chosen: best, best };
  const reason = 'no arm is better than the input on the select part';
  if (whenNoGain === 'fail') throw new ForgeError('GATE_FAILED', `${reason}, and whenNoGain is fail`);
  return { chosen: INPUT, best, degraded: `${reason}, so the input goes on as it is` };
}
