import type { ArtifactName } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { compare } from '../shared/compare.js';
import type { WrittenForm } from '../shared/forms.js';
import { retention, type Marks } from '../shared/retention.js';
import { storeReport, type PhaseReport, type ReportRow } from '../shared/report.js';
import { lossOf, metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import type { BitnetParams } from './params.js';
import { verdictsOf } from './verdicts.js';

/** What the rows of the report are called. */
export const ROWS = {
  parent: 'parent',
  control: 'float-continued',
  untrained: 'post-training',
  ternary: 'ternary',
} as const;

/** Everything that came of the phase. */
export interface BitnetResult {
  readonly input: ArtifactName;
  /** The ternary model, and the control where there is one. */
  readonly trained: readonly ArtifactName[];
  readonly measured: ReadonlyMap<string, Measured>;
  readonly forms: readonly WrittenForm[];
  /** Tokens per second. */
  readonly speed: Readonly<Record<string, number>>;
}

/** Stores the table; the ternary model goes on. */
export async function reportOn(context: PhaseContext<BitnetParams>, result: BitnetResult): Promise<PhaseOutcome> {
  const { input, trained, measured, forms, speed } = result;
  const artifacts = [...trained, ...forms.map(({ artifact }) => artifact)];
  const sizes = new Map<string, number>();
  for (const { id, role } of [{ ...input, role: ROWS.parent }, ...trained]) {
    const { files } = await context.artifacts.manifest(id);
    sizes.set(
      role,
      files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
  }
  const idOf = (name: string) => (name === ROWS.parent ? input : trained.find(({ role }) => role === name))?.id;
  const rows: ReportRow[] = [...measured].map(([name, each]) => ({
    ...rowOf(name, each, idOf(name)),
    ...(sizes.has(name) ? { sizeBytes: sizes.get(name)! } : {}),
  }));
  for (const { form, artifact, measured: each, sizeBytes } of forms)
    rows.push({ ...rowOf(form, each, artifact.id), sizeBytes });
  const others = [ROWS.parent, ROWS.control, ROWS.untrained].filter((name) => measured.has(name));
  const comparisons = others.flatMap((than) => compare(ROWS.ternary, than, measured));
  const figures = {
    ...retentionFigures('retention', measured, ROWS.parent),
    // The parent had no further steps, so only this one says what ternary weights cost.
    ...(measured.has(ROWS.control) ? retentionFigures('controlRetention', measured, ROWS.control) : {}),
    ...drift(measured, forms),
    ...speed,
  };
  const report: PhaseReport = {
    phase: 'bitnet',
    rows,
    results: [ROWS.ternary],
    comparisons,
    figures,
    verdicts: verdictsOf(comparisons, rows, figures),
  };
  const metrics: Record<string, number> = { ...figures };
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  for (const { form, sizeBytes } of forms) metrics[`${camel(form)}Bytes`] = sizeBytes;
  const ids = artifacts.map(({ id }) => id);
  return { artifacts: [...artifacts, await storeReport(context, report, ids, metrics)], metrics };
}

/**
 * Accuracy as a part of a floating-point model's, with its paired interval. Beside one that is never right: the part that is kept of the probability of right
 * tokens. On text alone that one's bits per byte as a part of its own.
 */
function retentionFigures(name: string, measured: ReadonlyMap<string, Measured>, than: string): Record<string, number> {
  const [ternary, float] = [measured.get(ROWS.ternary)!, measured.get(than)!];
  if (float.tasks?.accuracy.estimate === 0) return { [name]: Math.min(1, Math.exp(lossOf(float) - lossOf(ternary))) };
  const { estimate, low, high } = retention(marksOf(ternary), marksOf(float), than);
  return { [name]: estimate, [`${name}Low`]: low, [`${name}High`]: high };
}

function marksOf({ tasks, text }: Measured): Marks {
  return tasks ? { correct: tasks.correct } : { texts: text!.texts };
}

/** The largest change of the loss between the model and what was read back of any form. */
function drift(measured: ReadonlyMap<string, Measured>, forms: readonly WrittenForm[]): Record<string, number> {
  if (forms.length === 0) return {};
  const loss = lossOf(measured.get(ROWS.ternary)!);
  return { exportLossDrift: Math.max(...forms.map((form) => Math.abs(lossOf(form.measured) - loss))) };
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
