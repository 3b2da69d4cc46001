import { ForgeError, type Json } from '@agent-forge/contracts';
import { CrossEntropy } from './cem.js';
import { CmaEs } from './cma-es.js';
import { Generational } from './generational.js';
import { RandomSearch } from './random-search.js';
import type { Search, SearchSettings } from './search.js';

export * from './search.js';
export { CmaEs, CrossEntropy, Generational, RandomSearch };

/** The algorithms by the names that recipes use. */
const ALGORITHMS = { 'cma-es': CmaEs, cem: CrossEntropy, generational: Generational, random: RandomSearch } as const;
export type SearchAlgorithm = keyof typeof ALGORITHMS;
export const SEARCH_ALGORITHMS = Object.keys(ALGORITHMS) as SearchAlgorithm[];

/**
 * Begins a search, or goes on with one.
 * @param state of an earlier one with the same algorithm and settings
 */
export function createSearch(algorithm: SearchAlgorithm, settings: SearchSettings, state?: Json): Search {
  const Algorithm = ALGORITHMS[algorithm];
  if (Algorithm === undefined)
    throw new ForgeError(
      'INVALID_ARGUMENT',
      `there is no search "${String(algorithm)}"; there are ${SEARCH_ALGORITHMS.join(', ')}`,
    );
  return new Algorithm(settings, state);
}
