import { comparisonSentence } from '../shared/comparison-sentence.js';
import type { Comparison, ReportRow } from '../shared/report.js';
import type { Choice } from './choose.js';

/** What may be said: what was chosen and why, what was refused, how small it is and what that costs. */
export function verdictsOf(
  { chosen, isSound, judged }: Choice,
  comparisons: readonly Comparison[],
  rows: readonly ReportRow[],
  figures: Readonly<Record<string, number>>,
): string[] {
  const unit = rows.some(({ accuracy }) => accuracy) ? 'points' : 'bits per byte';
  const { sizeBytes, folderBytes, inputBytes, timesSmaller, bitsPerWeight, retention, exportLossDrift } = figures;
  const verdicts = [
    isSound
      ? `${chosen.name} was chosen: on select it keeps at least ${percent(chosen.retention.low)} of the score of what came in`
      : `no rule speaks for ${chosen.name}, which goes on all the same: ${chosen.refused ?? 'it was named by the recipe'}`,
    `it takes ${sizeBytes} bytes instead of ${inputBytes}, ${timesSmaller!.toFixed(1)} times fewer, ${bitsPerWeight!.toFixed(2)} bits for each weight, header and tables included`,
    // The card is written before the folder is whole.
    ...(folderBytes === undefined
      ? []
      : [`as a Hugging Face folder, which holds the same values, its weights take ${folderBytes} bytes`]),
    `on report it keeps ${percent(retention!)} of the score of what came in`,
  ];
  if (rows.find(({ name }) => name === 'before')?.accuracy?.estimate === 0)
    verdicts.push('what came in answers nothing right, so that retention says nothing');
  verdicts.push(...comparisons.map((each) => comparisonSentence(each, unit, 'the compressed model')));
  for (const { name, refused } of judged) if (refused !== undefined) verdicts.push(`${name} was refused: ${refused}`);
  if (exportLossDrift !== undefined)
    verdicts.push(
      `read back, no export's loss differs from the final model's by more than ${exportLossDrift.toPrecision(2)}`,
    );
  return verdicts;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
