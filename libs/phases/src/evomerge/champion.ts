import type { Search } from '@agent-forge/search';
import type { PhaseContext } from '../phase.js';
import { MEASURED_BYTES } from '../shared/limits.js';
import { startGenome } from './genome.js';
import type { EvomergeParams } from './params.js';
import { score, type SearchSpace } from './search.js';

/** The round of the final choice: its items are drawn for no generation. */
const FINAL_ROUND = -1;

/** What was chosen out of a search. */
export interface Champion {
  /** The `mean` of the search's distribution, its `best` candidate, or the `start` that it began with: equal weights. */
  readonly origin: 'mean' | 'best' | 'start';
  readonly genome: readonly number[];
  /** Of each, on the items of the final choice; lower is better. */
  readonly fitness: Readonly<Record<string, number>>;
}

/**
 * Chooses what a search is worth on select items of their own draw, more than a generation has: the best candidate by its own score is the one that its
 * items flattered most.
 */
export async function chooseChampion(
  context: PhaseContext<EvomergeParams>,
  space: SearchSpace,
  search: Search,
): Promise<Champion> {
  const candidates = [
    { origin: 'mean' as const, genome: search.center },
    { origin: 'best' as const, genome: search.best?.genome ?? search.center },
    { origin: 'start' as const, genome: startGenome(space.form) },
  ];
  const genomes = candidates.map(({ genome }) => genome);
  const draw = { round: FINAL_ROUND, itemsPerFamily: context.params.reportItemsPerFamily, textBytes: MEASURED_BYTES };
  const scores = await score(context, space, genomes, draw);
  const fitness = Object.fromEntries(candidates.map(({ origin }, i) => [origin, scores[i]!]));
  const winner = candidates.reduce((a, b) => (fitness[b.origin]! < fitness[a.origin]! ? b : a));
  return { ...winner, fitness };
}
