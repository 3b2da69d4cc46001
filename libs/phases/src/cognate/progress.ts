import type { PhaseContext } from '../phase.js';
import type { TaskProgress } from '../task.js';
import type { StepPlan } from './steps.js';

/** Share of the phase's time that training takes, for the progress bar; the rest is measuring. */
const TRAIN_SHARE = 0.93;

/** Adds up trainings, some of them at the same time, to the share of all steps that is done, and measurements after them. */
export class CognateProgress {
  readonly #done = new Map<string, number>();
  readonly #total: number;

  constructor(
    private readonly report: PhaseContext['report'],
    private readonly steps: Pick<StepPlan, 'trunk' | 'seed'>,
    branches: number,
  ) {
    this.#total = steps.trunk + steps.seed * branches;
  }

  trained(role: string, { fraction, ...figures }: TaskProgress): void {
    this.#done.set(role, fraction * (role === 'trunk' ? this.steps.trunk : this.steps.seed));
    const done = [...this.#done.values()].reduce((sum, steps) => sum + steps, 0);
    this.report({ stage: `train ${role}`, fraction: (TRAIN_SHARE * done) / this.#total, ...figures });
  }

  static measured(report: PhaseContext['report'], share: number): void {
    report({ stage: 'measure', fraction: TRAIN_SHARE + (1 - TRAIN_SHARE) * share });
  }
}
