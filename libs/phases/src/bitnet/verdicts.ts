import { comparisonSentence } from '../shared/comparison-sentence.js';
import type { Comparison, ReportRow } from '../shared/report.js';

/** What may be said of the ternary model: how it compares, what it keeps, how small it is, and whether the forms are still it. */
export function verdictsOf(
  comparisons: readonly Comparison[],
  rows: readonly ReportRow[],
  figures: Readonly<Record<string, number>>,
): string[] {
  const unit = rows.some(({ accuracy }) => accuracy) ? 'points' : 'bits per byte';
  const verdicts = comparisons.map((each) => comparisonSentence(each, unit, 'the ternary model'));
  const {
    retention,
    controlRetention,
    exportLossDrift,
    onnxFp32TokensPerSecond: fp32,
    onnxQ2TokensPerSecond: q2,
  } = figures;
  if (retention !== undefined)
    verdicts.push(
      `it keeps ${kept('retention', figures)} of its parent's score, after steps that the parent did not have`,
    );
  if (controlRetention !== undefined)
    verdicts.push(`it keeps ${kept('controlRetention', figures)} of the score of the parent trained on for as long`);
  const parent = rows.find(({ name }) => name === 'parent')?.sizeBytes;
  const forms = rows.filter(({ name, sizeBytes }) => /^(?:gguf|hf|onnx)-/.test(name) && sizeBytes !== undefined);
  if (parent !== undefined && forms.length > 0) {
    const smallest = forms.reduce((a, b) => (b.sizeBytes! < a.sizeBytes! ? b : a));
    verdicts.push(
      `${smallest.name} takes ${(parent / smallest.sizeBytes!).toFixed(1)} times less room on disk than the parent`,
    );
  }
  if (exportLossDrift !== undefined)
    verdicts.push(`read back, no form's loss differs by more than ${exportLossDrift.toPrecision(2)}`);
  if (fp32 !== undefined && q2 !== undefined)
    verdicts.push(
      `as ONNX, two bits generate ${(q2 / fp32).toFixed(2)} times as fast as float32 (${Math.round(q2)} against ${Math.round(fp32)} tokens/s)`,
    );
  return verdicts;
}

/** A share that is kept, with its interval where it has one. */
function kept(name: string, figures: Readonly<Record<string, number>>): string {
  const percent = (key: string) => (100 * figures[key]!).toFixed(1);
  const interval =
    figures[`${name}Low`] === undefined ? '' : ` (95 % interval ${percent(`${name}Low`)} to ${percent(`${name}High`)})`;
  return `${percent(name)} %${interval}`;
}
