import type { FamilyMix } from '../shared/families.js';
import type { QuietstarParams } from './params.js';

/** What stands before the answers of the families that are taught: their steps, as many pauses, or nothing. */
export type Manner = 'think' | 'pause' | 'plain';

/** The name of a family in a manner. */
export function inManner(family: string, manner: Manner): string {
  return manner === 'plain' ? family : `${family}@${manner}`;
}

/** The mix that a training sees: the families that are taught in one manner, and the whole mix of the recipe for the rest. */
export function mixOf(
  families: FamilyMix,
  { teach, thoughtShare }: Pick<QuietstarParams, 'teach' | 'thoughtShare'>,
  manner: Manner,
): FamilyMix {
  const others = Object.entries(families).filter(([name]) => !teach.includes(name));
  const total = others.reduce((sum, [, weight]) => sum + weight, 0);
  // Without anything else, what is taught is all there is.
  const share = total === 0 ? 1 : thoughtShare;
  const taught = teach.map((name) => [inManner(name, manner), share / teach.length] as const);
  const rest = others.map(([name, weight]) => [name, ((1 - share) * weight) / total] as const);
  return Object.fromEntries([...taught, ...rest].filter(([, weight]) => weight > 0));
}
