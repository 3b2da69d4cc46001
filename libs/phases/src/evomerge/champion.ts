import type { PhaseContext } from '../phase.js';
import { averageGenome } from './genome.js';
import type { EvomergeParams } from './params.js';
import { score, type SearchSpace } from './search.js';
import type { Search } from '@agent-forge/search';

/** The round of the final choice: its items are no generation's. */
const FINAL_ROUND = -1;

/** What was chosen out of a search. */
export interface Champion {
  /** `mean` of the search's distribution, its `best` candidate, or the plain `average` that it began with. */
  readonly origin: 'mean' | 'best' | 'average';
  readonly genome: readonly number[];
  /** Of each, on the items of the final choice; lower is better. */
  readonly fitness: Readonly<Record<string, number>>;
}

/**
 * Chooses what a search is worth on select items that no generation saw: the best candidate by its own score is the one that its items flattered most.
 */
export async function chooseChampion(
  context: PhaseContext<EvomergeParams>,
  space: SearchSpace,
  search: Search,
): Promise<Champion> {
  const candidates = [
    { origin: 'mean' as const, genome: search.center },
    { origin: 'best' as const, genome: search.best?.genome ?? search.center },
    { origin: 'average' as const, genome: averageGenome(space.form) },
  ];
  const genomes = candidates.map(({ genome }) => genome);
  const scores = await score(context, space, genomes, FINAL_ROUND, context.params.reportItemsPerFamily);
  const fitness = Object.fromEntries(candidates.map(({ origin }, i) => [origin, scores[i]!]));
  const winner = candidates.reduce((a, b) => (fitness[b.origin]! < fitness[a.origin]! ? b : a));
  return { ...winner, fitness };
}
