import { parameterCount } from '@agent-forge/model';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { compare } from '../shared/compare.js';
import type { WrittenForm } from '../shared/forms.js';
import { storeReport, type Claim, type PhaseReport, type ReportRow, type SelectionRow } from '../shared/report.js';
import { retention } from '../shared/retention.js';
import { lossOf, metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import type { Scored } from './candidates.js';
import type { Choice } from './choose.js';
import type { Final } from './final.js';
import type { CompressionParams } from './params.js';
import type { Sources } from './sources.js';
import { verdictsOf } from './verdicts.js';

/** What the rows of the report are called. */
export const ROWS = { before: 'before', teacher: 'teacher', after: 'after', runnerUp: 'runner-up' } as const;

/** What the phase has measured before its result is stored. */
export interface Findings {
  readonly sources: Sources;
  readonly scored: readonly Scored[];
  readonly chosen: Scored;
  readonly choice: Choice;
  readonly runnerUp: Scored | undefined;
  readonly measured: ReadonlyMap<string, Measured>;
  /** What earlier phases proved, on the final model. */
  readonly claims: readonly Claim[];
}

/** What it stored. */
export interface Stored {
  readonly final: Final;
  readonly forms: readonly WrittenForm[];
}

/** Stores the tables; the final model goes on. */
export async function reportOn(
  context: PhaseContext<CompressionParams>,
  findings: Findings,
  stored: Stored,
): Promise<PhaseOutcome> {
  const { final, forms } = stored;
  const { chosen, measured } = findings;
  const report = reportOf(findings, context.seed, stored);
  const metrics: Record<string, number> = { ...report.figures };
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  const artifacts = [final.artifact, ...forms.map(({ artifact }) => artifact), chosen.artifact];
  const ids = artifacts.map(({ id }) => id);
  return { artifacts: [...artifacts, await storeReport(context, report, ids, metrics)], metrics };
}

/** The report; before anything is stored it is what the model card says. */
export function reportOf(findings: Findings, seed: number, stored?: Stored): PhaseReport {
  const { choice, measured, scored, claims } = findings;
  const rows = rowsOf(findings, stored);
  const comparisons = [ROWS.before, ROWS.teacher, ROWS.runnerUp]
    .filter((name) => measured.has(name))
    .flatMap((than) => compare(ROWS.after, than, measured));
  const figures = figuresOf(findings, seed, stored);
  const selection = scored.map((each) => selectionRow(each, choice));
  return {
    ...{ phase: 'compression', rows, results: [ROWS.after], comparisons, selection, claims, figures },
    verdicts: verdictsOf(choice, comparisons, rows, figures),
  };
}

function rowsOf({ sources, chosen, runnerUp, measured }: Findings, stored?: Stored): ReportRow[] {
  const known: Readonly<Record<string, { id?: string | undefined; sizeBytes?: number }>> = {
    [ROWS.before]: { id: sources.input.id, sizeBytes: sources.inputBytes },
    [ROWS.teacher]: { id: sources.teacher.id },
    [ROWS.after]: { id: stored?.final.artifact.id, sizeBytes: chosen.sizeBytes },
    ...(runnerUp ? { [ROWS.runnerUp]: { id: runnerUp.artifact.id, sizeBytes: runnerUp.sizeBytes } } : {}),
  };
  const rows: ReportRow[] = [...measured].map(([name, each]) => {
    const { id, sizeBytes } = known[name]!;
    return { ...rowOf(name, each, id), ...(sizeBytes === undefined ? {} : { sizeBytes }) };
  });
  for (const { form, artifact, measured: each, sizeBytes } of stored?.forms ?? [])
    rows.push({ ...rowOf(form, each, artifact.id), sizeBytes });
  return rows;
}

function figuresOf({ sources, chosen, scored, choice, measured }: Findings, seed: number, stored?: Stored) {
  const forms = stored?.forms ?? [];
  const marks = (name: string) => {
    const { tasks, text } = measured.get(name)!;
    return { ...(tasks ? { correct: tasks.correct } : {}), ...(text ? { texts: text.texts } : {}) };
  };
  const kept = retention(marks(ROWS.after), marks(ROWS.before), `${seed}/report`);
  const loss = lossOf(measured.get(ROWS.after)!);
  return {
    sizeBytes: chosen.sizeBytes,
    ...(stored ? { folderBytes: stored.final.sizeBytes } : {}),
    inputBytes: sources.inputBytes,
    timesSmaller: sources.inputBytes / chosen.sizeBytes,
    bitsPerWeight: bitsPerWeight(chosen),
    retention: kept.estimate,
    retentionLow: kept.low,
    ...(measured.has(ROWS.teacher)
      ? { teacherRetention: retention(marks(ROWS.after), marks(ROWS.teacher), `${seed}/teacher`).estimate }
      : {}),
    candidates: scored.length,
    refused: choice.judged.filter(({ refused }) => refused !== undefined).length,
    ...(forms.length > 0
      ? { exportLossDrift: Math.max(...forms.map((form) => Math.abs(lossOf(form.measured) - loss))) }
      : {}),
  };
}

function bitsPerWeight({ sizeBytes, candidate }: Scored): number {
  return (8 * sizeBytes) / parameterCount(candidate.source.model.config);
}

function selectionRow(each: Scored, { judged }: Choice): SelectionRow {
  const { name, sizeBytes, divergence, retention: kept, skill, score } = each;
  const { isOnFront, refused } = judged.find((judgement) => judgement.name === name)!;
  return {
    ...{ name, sizeBytes, bitsPerWeight: bitsPerWeight(each), divergence, retention: kept, isOnFront },
    ...(score.correct === undefined ? { bitsPerByte: -skill } : { accuracy: skill }),
    ...(refused === undefined ? {} : { refused }),
  };
}
