import type { Model } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { evaluateFamilies, familyItems } from '../shared/families.js';
import type { BakingParams } from './params.js';
import type { Kept } from './questions.js';

/** Items of the select part that show whether a prompt is followed. */
const PROBES = 20;
/** Below this share of right answers a model does not follow a prompt, and there is nothing that could be lost. */
const FOLLOWED = 0.25;

/** What is to stay, without those prompts over those families which the model does not follow anyway: their rows would teach it to keep its noise. */
export async function followedForms(
  { families, seed, threads, signal }: PhaseContext<BakingParams>,
  model: Model,
  kept: Kept,
): Promise<Kept> {
  const own = kept.prompted.filter((name) => name in families);
  const others = kept.prompted.filter((name) => !(name in families));
  if (others.length === 0) return kept;
  const items = familyItems(Object.fromEntries(others.map((name) => [name, 1])), 'select', PROBES, `${seed}/forms`);
  const { families: scores } = await evaluateFamilies(model, items, { threads, signal, hasIntervals: false });
  const followed = others.filter((name) => (scores[name]?.accuracy.estimate ?? 0) >= FOLLOWED);
  return { ...kept, prompted: [...own, ...followed] };
}
