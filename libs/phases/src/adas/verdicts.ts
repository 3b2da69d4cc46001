import { comparisonSentence, type Unit } from '../shared/comparison-sentence.js';
import type { Comparison } from '../shared/report.js';
import { diagonalShare, type ExpertMatrix } from './matrix.js';
import { ON, ROWS } from './rows.js';

/** What the sentences are about. */
export interface Findings {
  readonly matrix: ExpertMatrix;
  /** Each expert against the base model, and against its shuffled self, on its own domain. */
  readonly own: readonly Comparison[];
  readonly shuffled: readonly Comparison[];
  /** Routing, mixing and what was applied against the base model, and routing against one expert for everything. */
  readonly whole: readonly Comparison[];
  readonly dispatchAccuracy: number;
  readonly applied: string | undefined;
  readonly isText: boolean;
}

/** What may be said of experts: that one helps only where the whole 95 % interval of its gain is above zero. */
export function verdictsOf(findings: Findings): string[] {
  const { matrix, own, shuffled, whole, dispatchAccuracy, applied, isText } = findings;
  const unit: Unit = isText ? 'bits per byte' : 'points';
  const helpful = own.filter(({ difference }) => difference.low > 0).length;
  const count = matrix.domains.length;
  return [
    `${helpful} of ${count} experts beat the base model on their own domain beyond doubt`,
    ...[...own, ...shuffled].map((each) => onDomain(each, unit)),
    ...(count > 1
      ? [`on ${Math.round(count * diagonalShare(matrix))} of ${count} domains no expert is better than their own`]
      : []),
    `the router sends ${(100 * dispatchAccuracy).toFixed(1)} % of the questions where they belong`,
    ...whole.map((each) => `on everything, ${comparisonSentence(said(each), unit, said(each).better)}`),
    applied === undefined
      ? 'the model that came in goes on, unchanged; the experts are in a pack beside it'
      : `the model that goes on has ${applied} in its weights`,
  ];
}

/** Rows as they are called in sentences. */
const SAYINGS: Readonly<Record<string, string>> = {
  [ROWS.base]: 'the base model',
  [ROWS.routed]: 'routing to experts',
  [ROWS.mixture]: 'a mixture of experts for each domain',
  [ROWS.generalist]: 'one expert for everything',
  [ROWS.shuffled]: 'the same factors in another order',
  [ROWS.applied]: 'the model that goes on',
};

function said(comparison: Comparison): Comparison {
  const { better, than } = comparison;
  return { ...comparison, better: SAYINGS[better] ?? better, than: SAYINGS[than] ?? than };
}

function onDomain(comparison: Comparison, unit: Unit): string {
  const domain = comparison.name.slice(comparison.name.lastIndexOf(ON) + ON.length);
  return `on ${domain}, ${comparisonSentence(said(comparison), unit, 'its expert')}`;
}
