import { ForgeError, Rng } from '@agent-forge/contracts';
import type { TaskFamily } from '../families/family.js';
import type { TaskItem } from '../items.js';
import { splitOf, type Part } from '../split.js';

/** Draws until an item falls into a part: a tenth of all keys does, so missing so often means the part has no key at all. */
const MAX_DRAWS = 2_000;
/** Draws per wanted item while looking for different ones; families with few keys run out before. */
const DRAWS_PER_ITEM = 400;

/**
 * One item of a family within a part, drawn as the family draws.
 * @throws ForgeError INVALID_ARGUMENT when the family has none there
 */
export function drawItem(family: TaskFamily, part: Part, rng: Rng): TaskItem {
  for (let draw = 0; draw < MAX_DRAWS; draw += 1) {
    const item = family.sample(rng);
    if (splitOf(item.key) === part) return item;
  }
  throw new ForgeError(
    'INVALID_ARGUMENT',
    `family ${family.name} has ${family.keyCount} keys and none in the ${part} part; choose settings with more`,
  );
}

/**
 * Different items of a family within a part, for a measurement: as many as wanted, or all that were found if the part has
 * fewer, so that a small part is not counted over and over.
 */
export function distinctItems(family: TaskFamily, part: Part, count: number, seed: number | string): TaskItem[] {
  const rng = Rng.derive(seed, 'distinct-items', family.name, part);
  const found = new Map<string, TaskItem>();
  for (let draw = 0; draw < count * DRAWS_PER_ITEM && found.size < count; draw += 1) {
    const item = family.sample(rng);
    if (splitOf(item.key) === part) found.set(JSON.stringify([item.system, item.prompt]), item);
  }
  return [...found.values()];
}
