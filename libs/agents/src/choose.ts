import { bootstrapPairedDifference, type BootstrapInterval } from '@agent-forge/model';
import type { Accepted } from './agent-search.js';
import { agentDigest } from './document.js';
import { GREEDY } from './designs.js';
import { marksOf } from './score.js';

/** The agent that is shipped, and how it differs on select from the single greedy answer. */
export interface Choice {
  readonly agent: Accepted;
  /** Paired difference of accuracy, with its 95 % interval. On the items that it was chosen on, so optimistic: report measures it again. */
  readonly gain: BootstrapInterval;
}

/**
 * The most accurate agent of a front that is surely better than the single greedy answer: the interval of their paired difference on select lies
 * above 0. Where there is none, the greedy answer itself, which costs least.
 * @returns undefined where the greedy answer was not scored, or never right
 */
export function chooseAgent(
  front: readonly Accepted[],
  all: readonly Accepted[],
  seed: number | string,
): Choice | undefined {
  const baseline = all.find(({ digest }) => digest === agentDigest(GREEDY));
  if (baseline === undefined) return undefined;
  const gainOf = (agent: Accepted) => bootstrapPairedDifference(marksOf(agent), marksOf(baseline), { seed });
  const best = [...front]
    .sort((a, b) => b.accuracy - a.accuracy || a.tokens - b.tokens)
    .map((agent): Choice => ({ agent, gain: gainOf(agent) }))
    .find(({ gain }) => gain.low > 0);
  return best ?? { agent: baseline, gain: gainOf(baseline) };
}
