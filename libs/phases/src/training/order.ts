import { Rng } from '@agent-forge/contracts';
import { competence } from './competence.js';

/** In which order a pool is trained on. Its items are ranked from 0, the easiest. */
export interface Order {
  /**
   * The rank of a draw. Draws are asked for one after the other from 0, as often as one likes, and those of one batch with its number.
   * @param draw items drawn before, over the whole training
   * @param batch number of the batch that it is for
   */
  at(draw: number, batch: number): number;
}

/** One pass over what was open when it began. */
interface Cycle {
  readonly begin: number;
  readonly ranks: readonly number[];
}

/**
 * Goes through what is open in cycles: each is a random permutation of all open items, so in each every one is seen exactly once. What is open is fixed when
 * a cycle begins.
 */
export class CycleOrder implements Order {
  readonly #cycles: Cycle[] = [];

  /** @param openAt share of the pool, from its easiest item, that is open at a batch */
  constructor(
    private readonly count: number,
    private readonly seed: number | string,
    private readonly openAt: (batch: number) => number,
  ) {}

  at(draw: number, batch: number): number {
    let cycle = this.#cycles.findLast(({ begin }) => begin <= draw);
    if (!cycle || draw >= cycle.begin + cycle.ranks.length) cycle = this.#next(batch);
    return cycle.ranks[draw - cycle.begin]!;
  }

  #next(batch: number): Cycle {
    const last = this.#cycles.at(-1);
    const open = Math.max(1, Math.round(this.openAt(batch) * this.count));
    const ranks = Array.from({ length: open }, (_, rank) => rank);
    Rng.derive(this.seed, 'cycle', this.#cycles.length).shuffle(ranks);
    const cycle = { begin: last ? last.begin + last.ranks.length : 0, ranks };
    this.#cycles.push(cycle);
    return cycle;
  }
}

/** Everything is open from the beginning: the control of a curriculum. */
export function shuffledOrder(count: number, seed: number | string): Order {
  return new CycleOrder(count, seed, () => 1);
}

/** From easy to hard, by {@link competence}. */
export function curriculumOrder(
  count: number,
  seed: number | string,
  { start, steps }: { readonly start: number; readonly steps: number },
): Order {
  return new CycleOrder(count, seed, (batch) => competence(batch, steps, start));
}
