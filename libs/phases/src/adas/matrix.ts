import { evaluationOn } from '../shared/families.js';
import type { Measured } from '../shared/yardstick.js';
import type { Panel } from './measure.js';

/** How good a row is on one domain, higher is better: accuracy, or on text alone minus its bits per byte. */
export function scoreOn({ tasks, text }: Measured, { textDomains }: Panel, domain: string): number {
  const family = tasks?.families[domain];
  if (family) return family.accuracy.estimate;
  let [bits, bytes] = [0, 0];
  text?.texts.forEach((each, i) => {
    if (textDomains[i] !== domain) return;
    bits += each.bits;
    bytes += each.bytes;
  });
  return -bits / bytes;
}

/** A row on the items or texts of one domain alone, for a paired comparison. */
export function restricted({ tasks, text }: Measured, { items, textDomains }: Panel, domain: string): Measured {
  if (tasks) return { tasks: evaluationOn(tasks, items, (family) => family === domain) };
  return text ? { text: { ...text, texts: text.texts.filter((_, i) => textDomains[i] === domain) } } : {};
}

/** The table of experts (rows) on the domains that they are for (columns), and what the base model scores there. */
export interface ExpertMatrix {
  readonly domains: readonly string[];
  /** [experts][domains] */
  readonly scores: readonly (readonly number[])[];
  readonly base: readonly number[];
}

/** Mean over the domains of what the own expert gains over the base model. */
export function ownGain({ domains, scores, base }: ExpertMatrix): number {
  return domains.reduce((sum, _, i) => sum + scores[i]![i]! - base[i]!, 0) / domains.length;
}

/** Part of the domains on which no other expert is better than their own. */
export function diagonalShare({ domains, scores }: ExpertMatrix): number {
  return domains.filter((_, i) => scores.every((row) => row[i]! <= scores[i]![i]!)).length / domains.length;
}
