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

export function constant(): Schedule {
  return () => 1;
}
