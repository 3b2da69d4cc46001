import type { TaskOutput } from '../task.js';
import type { PhaseContext } from '../phase.js';
import type { TrainOutput } from './train-task.js';

/** Writes into the log of the run how often a training diverged, and what it went on with. */
export async function noteRollbacks(
  { note }: Pick<PhaseContext, 'note'>,
  role: string,
  { value }: TaskOutput,
): Promise<void> {
  for (const { reason, toStep, rate } of (value as unknown as TrainOutput).rollbacks)
    await note({
      code: 'DIVERGED',
      message: `${role}: ${reason}; it went back to step ${toStep} and on at ${rate} of its rate`,
      metrics: { toStep, rate },
    });
}
