import type { FamilyEvaluation } from '../shared/families.js';

/** A seed: the families that it is to be best at, and what it answers. */
export interface Specialist {
  readonly own: readonly string[];
  /** On the same items as the other seeds; undefined when nothing but text was measured. */
  readonly tasks: Pick<FamilyEvaluation, 'families'> | undefined;
}

/**
 * The share of the families that are some seed's own on which that seed has the lowest held-out loss of all seeds. Losses, since accuracies of small
 * tasks saturate; a tie is not won, and a family that is two seeds' own counts twice. Undefined where no family of the mix is anybody's.
 */
export function specialisation(seeds: readonly Specialist[]): number | undefined {
  const wins = seeds.flatMap((seed) =>
    seed.own.flatMap((family) => {
      const mine = seed.tasks?.families[family]?.loss;
      if (mine === undefined) return [];
      const others = seeds.filter((other) => other !== seed);
      return others.every(({ tasks }) => mine < (tasks?.families[family]?.loss ?? Infinity));
    }),
  );
  return wins.length === 0 ? undefined : wins.filter(Boolean).length / wins.length;
}
