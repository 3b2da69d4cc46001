import type { PhaseContext, PhaseProgress } from '../phase.js';

/** Adds up the stages of a phase, some of them at the same time, to the share of the phase that is done. */
export class StageProgress {
  readonly #done = new Map<string, number>();
  readonly #total: number;

  /** @param weights about how long each stage takes, in any unit */
  constructor(
    private readonly report: PhaseContext['report'],
    private readonly weights: Readonly<Record<string, number>>,
  ) {
    this.#total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  }

  /** @param fraction of this stage, 0 to 1 */
  at(stage: string, { fraction, ...figures }: Omit<PhaseProgress, 'stage'>): void {
    this.#done.set(stage, fraction * (this.weights[stage] ?? 0));
    const done = [...this.#done.values()].reduce((sum, weight) => sum + weight, 0);
    this.report({ stage, fraction: this.#total === 0 ? 1 : done / this.#total, ...figures });
  }
}
