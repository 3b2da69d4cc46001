import { applyExperts, assertAudit, auditWeights, type Mixture, type Model } from '@agent-forge/model';
import { paramError } from '../param-mistakes.js';
import type { PhaseContext } from '../phase.js';
import type { Domain } from './domains.js';
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
  const mixture = wanted(params, mixtures.whole);
  if (mixture === undefined) return undefined;
  const model = await applyExperts(start.model, pack, mixture, { decomposition: start.decomposition, threads });
  assertAudit(await auditWeights(model.config, model.weights), 'the model with its experts');
  return { model, words: inWords(params.apply, mixture) };
}

/** Before any expert is trained. @throws ForgeError INVALID_ARGUMENT where the recipe applies an expert that there will not be */
export function assertApplicable(
  { params }: Pick<PhaseContext<AdasParams>, 'params'>,
  domains: readonly Domain[],
): void {
  const { apply } = params;
  const named =
    typeof apply !== 'string' ? Object.keys(apply) : (Object.values(APPLY) as string[]).includes(apply) ? [] : [apply];
  const known = domains.map(({ name }) => name);
  const missing = named.find((name) => !known.includes(name));
  if (missing !== undefined)
    throw paramError('adas', { path: ['apply'], problem: `names ${missing}, and the experts are ${known.join(', ')}` });
}

function wanted({ apply }: AdasParams, found: Mixture | undefined): Mixture | undefined {
  if (apply === APPLY.nothing) return undefined;
  if (apply === APPLY.mixture) return found!;
  return typeof apply === 'string' ? { [apply]: 1 } : apply;
}

function inWords(apply: AdasParams['apply'], mixture: Mixture): string {
  if (typeof apply === 'string' && apply !== APPLY.mixture) return `the expert ${apply}`;
  const parts = Object.entries(mixture).map(([name, part]) => `${part.toFixed(2)} ${name}`);
  return `the mixture ${parts.join(' + ')}`;
}
