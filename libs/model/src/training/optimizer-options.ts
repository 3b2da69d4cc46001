import { ForgeError } from '@agent-forge/contracts';
import {
  type GradientFilter,
  type Optimizer,
  type Parameter,
  type Schedule,
  adamw,
  constant,
  cosine,
  grokfastEma,
  grokfastMa,
  muon,
  sgd,
  twoStage,
} from '@agent-forge/tensor';
import type { Weights } from '../weights.js';

/** How a model is trained, as plain data: it stands in recipes, manifests and checkpoints. */
export interface OptimizerOptions {
  readonly name?: 'adamw' | 'muon' | 'sgd';
  /** Peak rate; for Muon the rate of the hidden matrices. */
  readonly learningRate?: number;
  /** Muon only: rate of AdamW on embeddings, head and gains. */
  readonly adamwLearningRate?: number;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly weightDecay?: number;
  readonly momentum?: number;
  readonly clipNorm?: number;
  /** `two-stage` falls in a straight line, drops at the midpoint, and decays no weights from there on. */
  readonly schedule?: 'cosine' | 'constant' | 'two-stage';
  /** Part of all steps that warms up, 0 to 1. */
  readonly warmup?: number;
  /** Last factor of the cosine. */
  readonly floor?: number;
  readonly filter?: 'none' | 'grokfast-ema' | 'grokfast-ma';
  readonly filterAlpha?: number;
  readonly filterLambda?: number;
  readonly filterWindow?: number;
}

/** The defaults; learning rates are those that train models of about a million parameters in a minute. */
export const OPTIMIZER_DEFAULTS = {
  name: 'adamw',
  beta1: 0.9,
  beta2: 0.95,
  weightDecay: 0.1,
  momentum: 0.95,
  clipNorm: 1,
  schedule: 'cosine',
  warmup: 0.05,
  floor: 0.1,
  filter: 'none',
} as const satisfies OptimizerOptions;

const RATES = { adamw: 3e-3, muon: 0.02, sgd: 0.1 } as const;

/** Fills in everything that was left out. */
export function resolveOptimizer(options: OptimizerOptions) {
  const merged = { ...OPTIMIZER_DEFAULTS, ...options };
  const learningRate = options.learningRate ?? RATES[merged.name];
  for (const [key, value] of Object.entries({ ...merged, learningRate })) {
    if (typeof value === 'number' && !(Number.isFinite(value) && value >= 0)) {
      throw new ForgeError('INVALID_ARGUMENT', `optimizer.${key} is a number of at least 0, not ${value}`);
    }
  }
  if (!(merged.name in RATES))
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `optimizer.name is one of ${Object.keys(RATES).join(', ')}, not ${String(merged.name)}`,
    );
  return { ...merged, learningRate, adamwLearningRate: options.adamwLearningRate ?? RATES.adamw };
}

export type ResolvedOptimizer = ReturnType<typeof resolveOptimizer>;

/** @param steps of the whole training, as far as it is known: a two-stage schedule stops decaying in its middle */
export function makeOptimizer(o: ResolvedOptimizer, steps = Infinity): Optimizer {
  const decay = o.schedule === 'two-stage' ? { decaySteps: steps / 2 } : {};
  const adam = { beta1: o.beta1, beta2: o.beta2, weightDecay: o.weightDecay, ...decay };
  if (o.name === 'adamw') return adamw({ ...adam, learningRate: o.learningRate });
  if (o.name === 'sgd') return sgd({ learningRate: o.learningRate, momentum: o.momentum, weightDecay: o.weightDecay });
  const rest = { ...adam, learningRate: o.adamwLearningRate };
  return muon({ learningRate: o.learningRate, momentum: o.momentum, weightDecay: o.weightDecay, adamw: rest });
}

export function makeSchedule(o: ResolvedOptimizer, steps: number): Schedule {
  const shape = { steps, warmup: Math.round(o.warmup * steps), floor: o.floor };
  if (o.schedule === 'constant') return constant();
  return o.schedule === 'two-stage' ? twoStage(shape) : cosine(shape);
}

export function makeFilter(o: ResolvedOptimizer): GradientFilter | undefined {
  const given = <T extends object>(entries: T) =>
    Object.fromEntries(Object.entries(entries).filter(([, v]) => v !== undefined));
  if (o.filter === 'grokfast-ema') return grokfastEma(given({ alpha: o.filterAlpha, lambda: o.filterLambda }));
  if (o.filter === 'grokfast-ma') return grokfastMa(given({ window: o.filterWindow, lambda: o.filterLambda }));
  return undefined;
}

/** Parameters of a model with their roles: what is decayed and what Muon may orthogonalise. */
export function parametersOf(weights: Weights): Parameter[] {
  return [...weights].map(([name, { shape }]) => ({
    name,
    shape,
    role: shape.length !== 2 ? 'vector' : /embed_tokens|lm_head/.test(name) ? 'embedding' : 'matrix',
  }));
}
