import { ForgeError } from '@agent-forge/contracts';
import { add } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { mul } from '../ops/mul.js';
import { reduceMean } from '../ops/reduce-mean.js';
import { reshape } from '../ops/reshape.js';
import { split } from '../ops/split.js';
import type { GradientFilter } from './optimizer.js';

export interface GrokfastEmaOptions {
  /** Decay of the average. */
  readonly alpha?: number;
  /** Weight of the slow component. */
  readonly lambda?: number;
  /** The average starts at the first gradient, or at zero. */
  readonly start?: 'first' | 'zero';
}

/** Amplifies slow gradients: ĝ = g + λ·h, h ← α·h + (1−α)·g (Grokfast-EMA, Lee et al. 2024, arXiv:2405.20233, section 3). */
export function grokfastEma({ alpha = 0.98, lambda = 2, start = 'first' }: GrokfastEmaOptions = {}): GradientFilter {
  return {
    name: 'grokfast-ema',
    slots: () => [{ name: 'ema', copies: 1 }],
    scalars(step) {
      const a = step === 1 && start === 'first' ? 0 : alpha;
      return { emaKeep: a, emaTake: 1 - a };
    },
    apply(gradient, [h], scalars) {
      const next = add(mul(h!, scalars.emaKeep!), mul(gradient, scalars.emaTake!));
      const filtered = lambda === 0 ? gradient : add(gradient, mul(next, gradient.graph.scalar(lambda)));
      return { gradient: filtered, state: [next] };
    },
  };
}

export interface GrokfastMaOptions {
  /** Gradients in the queue. */
  readonly window?: number;
  readonly lambda?: number;
}

/** ĝ = g + λ·mean(last `window` gradients), once the queue is full (Grokfast-MA, same paper). Keeps `window` copies of every parameter. */
export function grokfastMa({ window = 100, lambda = 5 }: GrokfastMaOptions = {}): GradientFilter {
  if (!Number.isInteger(window) || window < 2)
    throw new ForgeError('INVALID_ARGUMENT', `the Grokfast window is a whole number of at least 2, not ${window}`);
  return {
    name: 'grokfast-ma',
    slots: () => [{ name: 'queue', copies: window }],
    scalars: (step) => ({ maLambda: step >= window ? lambda : 0 }),
    apply(gradient, [queue], scalars) {
      const [, newer] = split(queue!, 0, [1, window - 1]);
      const next = concat([newer!, reshape(gradient, [1, ...gradient.shape])], 0);
      return { gradient: add(gradient, mul(reduceMean(next, [0]), scalars.maLambda!)), state: [next] };
    },
  };
}
