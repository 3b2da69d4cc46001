import { measureStepSeconds, type Model, type OptimizerOptions } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { TRAINING_SHARE, type ContinuedParams } from './continued.js';
import { readCorpus } from './corpus.js';
import { mixtureSource } from './mixture.js';
import type { TrainInput } from './train-task.js';

/** What is decided once: schedules depend on the number of steps. */
export interface ContinuedPlan {
  /** Of each training. */
  steps: number;
  /** As measured, of one step of each of them together; 0 where the recipe says the steps. */
  secondsPerStep: number;
  [name: string]: number;
}

/** One of the trainings: where it begins, and how. */
export interface Arm {
  readonly model: Model;
  readonly optimizer: OptimizerOptions;
}

/** Steps with which all trainings together take the time of the recipe; or those that it says. Settled once for the phase. */
export function planContinued(
  context: PhaseContext<ContinuedParams>,
  arms: readonly Arm[],
  makePlan = async (): Promise<ContinuedPlan> => {
    const { params, threads, signal, families } = context;
    if (params.steps !== undefined) return { steps: params.steps, secondsPerStep: 0 };
    context.report({ stage: 'measure the rate', fraction: 0 });
    const texts = context.data.length > 0 ? (await readCorpus(context)).train : [];
    const shape = { rows: params.rows, length: params.rowLength, seed: 'rate' };
    let secondsPerStep = 0;
    for (const { model, optimizer } of arms) {
      const source = mixtureSource({ families, texts, textShare: params.textShare }, model, shape);
      secondsPerStep += await measureStepSeconds({ model, source, optimizer, threads, signal });
    }
    const steps = Math.max(1, Math.round((TRAINING_SHARE * params.maxSeconds) / secondsPerStep));
    return { steps, secondsPerStep };
  },
): Promise<ContinuedPlan> {
  return context.plan(makePlan);
}

/** The task of one training, but for where it begins and how. */
export function continuedInput(
  phase: string,
  role: string,
  { params, data, seed, families }: PhaseContext<ContinuedParams>,
  steps: number,
): Omit<TrainInput, 'from' | 'optimizer'> {
  const { rows, rowLength, textShare, maxRollbacks } = params;
  return {
    ...{ phase, role, families, steps, rows, rowLength, textShare, maxRollbacks, seed },
    data: data.map(({ name, artifactId }) => ({ name, artifactId })),
    share: { index: 0, count: 1 },
  };
}
