import type { FamilyMix } from '../shared/families.js';
import { SPECIALTIES, type CognateParams } from './params.js';

/** A seed to be trained. */
export interface SeedPlan {
  /** Of its artifact: `seed-` and its name. */
  readonly role: string;
  /** The families that it is to be best at, with their weights among themselves. */
  readonly own: FamilyMix;
}

/**
 * The seeds of a recipe; without any the usual three, each with those of its usual families that the mix has.
 */
export function seedPlans({ seeds }: Pick<CognateParams, 'seeds'>, families: FamilyMix): SeedPlan[] {
  if (seeds === undefined)
    return Object.entries(SPECIALTIES).map(([name, usual]) => ({
      role: `seed-${name}`,
      own: weighted(
        usual.filter((family) => Object.hasOwn(families, family)),
        families,
      ),
    }));
  return Object.entries(seeds).map(([name, given]) => {
    return { role: `seed-${name}`, own: Array.isArray(given) ? weighted(given, families) : given };
  });
}

/** A seed's mix: its own families together `ownShare` of the items, the whole mix the rest. */
export function seedMix(families: FamilyMix, own: FamilyMix, ownShare: number): FamilyMix {
  const [all, mine] = [sumOf(families), sumOf(own)];
  if (mine === 0) return families;
  const mixed = Object.entries(families).map(
    ([name, weight]) => [name, ((1 - ownShare) * weight) / all + (ownShare * (own[name] ?? 0)) / mine] as const,
  );
  return Object.fromEntries(mixed.filter(([, weight]) => weight > 0));
}

function weighted(names: readonly string[], families: FamilyMix): FamilyMix {
  return Object.fromEntries(names.map((name) => [name, families[name]!]));
}

function sumOf(mix: FamilyMix): number {
  return Object.values(mix).reduce((sum, weight) => sum + weight, 0);
}
