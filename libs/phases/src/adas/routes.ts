import { routePrompts } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import type { Domain } from './domains.js';
import type { Panel } from './measure.js';
import type { AdasParams } from './params.js';
import { itemPrompts, textPrompt } from './router.js';
import type { Specialists } from './specialise.js';

/** Where everything that is measured is sent: names of experts, undefined for the base model. */
export interface Routes {
  readonly items: readonly (string | undefined)[];
  readonly texts: readonly (string | undefined)[];
}

/** Asks the router. Text is routed where it is all there is; beside task families the base model reads it. */
export async function routesOf(
  { threads, signal }: Pick<PhaseContext<AdasParams>, 'threads' | 'signal'>,
  { start, pack }: Specialists,
  { items, texts }: Panel,
): Promise<Routes> {
  const isText = items.length === 0;
  const prompts = isText ? texts.map((text) => textPrompt(start.model, text)) : itemPrompts(start.model, items);
  const sent = await routePrompts(start.model, pack.router, prompts, { threads, signal });
  return isText ? { items: [], texts: sent } : { items: sent, texts: texts.map(() => undefined) };
}

/** Part of the questions that reach the expert of their domain, or none where there is none. */
export function dispatchAccuracy(
  { items, textDomains }: Panel,
  domains: readonly Domain[],
  { items: ofItems, texts: ofTexts }: Routes,
): number {
  const isText = items.length === 0;
  const asked = isText ? textDomains : items.map(({ family }) => family);
  const sent = isText ? ofTexts : ofItems;
  const own = new Set(domains.map(({ name }) => name));
  return asked.filter((domain, i) => sent[i] === (own.has(domain) ? domain : undefined)).length / asked.length;
}
