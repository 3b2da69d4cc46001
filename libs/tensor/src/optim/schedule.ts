/** Factor on the learning rate at a step. */
export type Schedule = (step: number) => number;

export interface CosineOptions {
  /** Steps in the whole run. */
  readonly steps: number;
  /** Steps of linear warm-up; the first step already has 1 / warmup of the rate. */
  readonly warmup?: number;
  /** Factor at the last step. */
  readonly floor?: number;
}

/**
 * Linear warm-up, then a half cosine from 1 down to `floor` (Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts).
 * The first step is 1, the last is `steps`.
 */
export function cosine({ steps, warmup = 0, floor = 0.1 }: CosineOptions): Schedule {
  return (step) => {
    if (step <= warmup) return step / warmup;
    const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return floor + (1 - floor) * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}

export interface TwoStageOptions extends CosineOptions {
  /** What the rate is multiplied with at once at the midpoint. */
  readonly drop?: number;
}

/**
 * Linear warm-up, then a straight line from 1 to `floor`, times `drop` from the midpoint on: ternary weights want a high rate first, and a low one to settle
 * (Ma et al. 2025, arXiv:2504.12285, section 3.1.1; 2/3 is about the drop of its published rates).
 */
export function twoStage({ steps, warmup = 0, floor = 0.1, drop = 2 / 3 }: TwoStageOptions): Schedule {
  return (step) => {
    if (step <= warmup) return step / warmup;
    const progress = Math.min(1, (step - warmup) / Math.max(1, steps - warmup));
    return Math.max(floor, (1 - progress) * (step > steps / 2 ? drop : 1));
  };
}

export function constant(): Schedule {
  return () => 1;
}
