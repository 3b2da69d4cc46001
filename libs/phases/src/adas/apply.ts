import { applyExperts, assertAudit, auditWeights, type Expert, type Mixture, type Model } from '@agent-forge/model';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import { APPLY, type AdasParams } from './params.js';
import type { Specialists } from './specialise.js';

/** The model that goes on, and what of the experts is in its weights, in words. */
export interface Applied {
  readonly model: Model;
  readonly words: string;
}

/** Puts into the weights what the recipe says; undefined where that is nothing. */
export async function applied(
  { params, threads }: PhaseContext<AdasParams>,
  { start, pack, mixtures }: Specialists,
): Promise<Applied | undefined> {
  const mixture = wanted(params, pack.experts, mixtures.whole);
  if (mixture === undefined) return undefined;
  const model = await applyExperts(start.model, pack, mixture, { decomposition: start.decomposition, threads });
  assertAudit(await auditWeights(model.config, model.weights), 'the model with its experts');
  return { model, words: inWords(params.apply, mixture) };
}

function wanted({ apply }: AdasParams, experts: readonly Expert[], found: Mixture | undefined): Mixture | undefined {
  if (apply === APPLY.nothing) return undefined;
  if (apply === APPLY.mixture) return found!;
  const mixture = typeof apply === 'string' ? { [apply]: 1 } : apply;
  const missing = Object.keys(mixture).find((name) => !experts.some((expert) => expert.name === name));
  if (missing === undefined) return mixture;
  const known = experts.map(({ name }) => name).join(', ');
  throw paramError('adas', { path: ['apply'], problem: `names ${missing}, and the experts are ${known}` });
}

function inWords(apply: AdasParams['apply'], mixture: Mixture): string {
  if (typeof apply === 'string' && apply !== APPLY.mixture) return `the expert ${apply}`;
  const parts = Object.entries(mixture).map(([name, part]) => `${part.toFixed(2)} ${name}`);
  return `the mixture ${parts.join(' + ')}`;
}
