import { Rng, type Json } from '@agent-forge/contracts';
import { evaluateItems, type Model, type Weights } from '@agent-forge/model';
import type { Steering } from '../shared/train-with-rollback.js';
import type { Order } from './order.js';
import type { RankedItem } from './pool.js';

/** How success is kept in a band. */
export interface SteeringOptions {
  /** The band: shares of fresh items that are answered right. */
  readonly low: number;
  readonly high: number;
  /** Fresh items of one measurement. */
  readonly window: number;
  /** Steps from one measurement to the next. */
  readonly every: number;
  /** Part of the draws that come from the whole pool whatever the level is. */
  readonly explore: number;
}

/** One measurement, and the level that it led to. */
export interface SteeringPoint {
  readonly success: number;
  /** 0 draws nearly all from the easiest items, 1 from the hardest, 1/2 from all alike. */
  readonly level: number;
}

/** At the ends of the level, the easiest or hardest item is drawn e^16 times as often as the other, so that a 16th of the ranking makes nearly all draws. */
const STEEPEST = 16;
/** How far the level moves for each unit that success is away from the middle of the band. More makes it swing where half of the items are right. */
const GAIN = 0.25;
/** Before anything is measured. */
const MIDDLE = 0.5;

/**
 * Keeps a training at the edge of its ability. Before every so many steps the present model answers items that it is never trained on, as hard as those that it is
 * trained on now, and the level moves in proportion to how far the share of right answers is from the middle of the band. The level
 * tilts the mix of difficulties: the item at the share u of the ranking is drawn as often as exp(16 · (2 · level − 1) · u) says, so that success answers smoothly
 * even where items are either easy or hard. (Band and exploration are the original system's; what it takes from "Intelligence at the Edge of Chaos",
 * arXiv:2410.02536, is the idea that data of middling complexity teach most.)
 */
export class SteeredOrder implements Order, Steering {
  readonly every: number;
  #points: SteeringPoint[] = [];

  /**
   * @param count items that are trained on, ranked from the easiest
   * @param fresh items that are not, ranked as well
   */
  constructor(
    private readonly count: number,
    private readonly fresh: readonly RankedItem[],
    private readonly model: Model,
    private readonly options: SteeringOptions,
    private readonly host: { readonly seed: number | string; readonly threads: number; readonly signal: AbortSignal },
  ) {
    this.every = options.every;
  }

  at(draw: number, batch: number): number {
    const rng = Rng.derive(this.host.seed, 'steered', draw);
    if (rng.float() < this.options.explore) return rng.int(this.count);
    return rankIn(this.count, this.#points[Math.floor(batch / this.every)]?.level ?? MIDDLE, rng);
  }

  async run(step: number, weights: Weights): Promise<void> {
    const index = step / this.every;
    const { low, high, window } = this.options;
    const before = this.#points[index - 1]?.level ?? MIDDLE;
    const rng = Rng.derive(this.host.seed, 'fresh', step);
    const items = Array.from({ length: window }, () => this.fresh[rankIn(this.fresh.length, before, rng)]!);
    const encoder = { encode: (item: RankedItem) => item };
    const { accuracy } = await evaluateItems({ ...this.model, weights }, items, encoder, this.host);
    const level = Math.min(1, Math.max(0, before + GAIN * (accuracy - (low + high) / 2)));
    // What came later is of a training that was rolled back.
    this.#points.length = index;
    this.#points.push({ success: accuracy, level });
  }

  state(): Json {
    return this.#points as unknown as Json;
  }

  restore(state: Json): void {
    this.#points = [...(state as unknown as SteeringPoint[])];
  }
}

/** A random rank by the tilted density, by its inverse distribution. */
function rankIn(count: number, level: number, rng: Rng): number {
  const steepness = STEEPEST * (2 * level - 1);
  const x = rng.float();
  // Where it is flat the formula would be 0 / 0.
  const share = Math.abs(steepness) < 1e-6 ? x : Math.log1p(x * Math.expm1(steepness)) / steepness;
  return Math.min(count - 1, Math.floor(share * count));
}
