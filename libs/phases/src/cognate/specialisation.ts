import type { FamilyEvaluation } from '../shared/families.js';

/**
 * The share of the families that are some seed's own on which that seed has the lowest held-out loss of all seeds. Losses, since accuracies of small
 * tasks saturate. Undefined where no family of the mix is anybody's.
 * @param own families of each seed, by its name
 * @param evaluations of the seeds on the same items
 */
export function specialisation(
  own: Readonly<Record<string, readonly string[]>>,
  evaluations: ReadonlyMap<string, FamilyEvaluation>,
): number | undefined {
  let [best, all] = [0, 0];
  for (const [seed, families] of Object.entries(own)) {
    for (const family of families) {
      const mine = evaluations.get(seed)?.families[family]?.loss;
      if (mine === undefined) continue;
      all += 1;
      const others = [...evaluations].filter(([name]) => name !== seed);
      if (others.every(([, { families: scores }]) => mine < (scores[family]?.loss ?? Infinity))) best += 1;
    }
  }
  return all === 0 ? undefined : best / all;
}
