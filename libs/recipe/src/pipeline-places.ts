import type { Located, Mistake, Place } from '@agent-forge/merge';
import { pipelineMistakes } from '@agent-forge/phases';
import type { PhaseEntry, Recipe } from './recipe.js';

/** What is wrong with the phases of a recipe and their parameters, each at its place. @param unread a phase that only lacks what could not be read */
export function pipelinePlaces(recipe: Recipe, unread?: string): Mistake[] {
  const found = pipelineMistakes(recipe).filter(({ phase, path }) => phase !== unread || path.length > 0);
  return found.map(({ phase, path, problem }) => {
    const entry = recipe.phases.find((one) => one.phase === phase)!;
    const name = [phase, ...path].join('.');
    return { at: placeOf(entry, path), problem: `${name} ${problem}` };
  });
}

/** Where a parameter stands; where it is not there, the nearest that is around it. */
function placeOf({ at, node }: PhaseEntry, path: readonly string[]): Place {
  let place = at;
  let inner: Located | undefined = node ?? undefined;
  for (const key of path) {
    const entry: { at: Place; value: Located } | undefined = childOf(inner, key);
    if (entry === undefined) break;
    place = entry.at;
    inner = entry.value;
  }
  return place;
}

function childOf(node: Located | undefined, key: string): { at: Place; value: Located } | undefined {
  if (node?.kind === 'map') return node.entries.get(key);
  const item = node?.kind === 'list' ? node.items[Number(key)] : undefined;
  return item && { at: item.at, value: item };
}
