import { ForgeError, type ArtifactView, type PhaseView, type RunView } from '@agent-forge/contracts';
import type { PhaseReport } from '@agent-forge/phases';
import { getArtifact, readArtifactFile, type Connection } from '@agent-forge/sdk';
import type { Closing } from './closing-job.js';
import { closingTable } from './closing.js';
import { passedOn } from './passed-on.js';
import { reportTable } from '../terminal/report-table.js';

const REPORT_FILE = 'report.json';

/** What came of one phase. */
export interface PhaseSummary {
  readonly phase: string;
  readonly seconds: number;
  /** The fallback that was taken, and why; otherwise the phase has passed its gate. */
  readonly degraded?: string;
  /** What it measured on the report split, with the size of what it stored. */
  readonly report: PhaseReport;
}

/** What came of a demo. */
export interface DemoSummary {
  run: string;
  /** In the order of the run. */
  phases: readonly PhaseSummary[];
  /** The folder of the model that the run made. */
  model: string;
  /** Its artifact. */
  artifactId: string;
  /** It beside the first model of the run. */
  closing?: Closing;
  /** From the request to the last event. */
  seconds: number;
}

/** The figures of a completed run. @throws ForgeError INTERNAL when a phase has stored something else under the name of a report */
export async function summarise(
  connection: Connection,
  run: RunView,
  artifactId: string,
  model: string,
): Promise<DemoSummary> {
  const phases: PhaseSummary[] = [];
  // By artifact: a phase measures what an earlier one has made.
  const sizes = new Map<string, number>();
  for (const view of run.phases) {
    const artifact = view.artifacts.find(({ role }) => role === 'report');
    if (artifact) phases.push(await summariseOne(connection, view, await readReport(connection, artifact), sizes));
  }
  return { run: run.id, phases, model, artifactId, seconds: secondsBetween(run.requestedAt, run.endedAt) };
}

async function summariseOne(
  connection: Connection,
  view: PhaseView,
  report: PhaseReport,
  sizes: Map<string, number>,
): Promise<PhaseSummary> {
  const { phase, startedAt, endedAt, degraded, artifacts } = view;
  for (const { id, kind } of artifacts) if (kind === 'model') sizes.set(id, await sizeOf(connection, id));
  // The row of what goes on is measured before it is stored.
  const passedOn = artifacts.find(({ kind }) => kind === 'model')?.id;
  const rows = report.rows.map((row) => {
    const id =
      row.artifactId ?? (report.results?.length === 1 && row.name === report.results[0] ? passedOn : undefined);
    const sizeBytes = row.sizeBytes ?? (id === undefined ? undefined : sizes.get(id));
    return sizeBytes === undefined ? row : { ...row, sizeBytes };
  });
  const seconds = secondsBetween(startedAt, endedAt);
  return { phase, seconds, ...(degraded === undefined ? {} : { degraded }), report: { ...report, rows } };
}

async function sizeOf(connection: Connection, id: string): Promise<number> {
  const { files } = await getArtifact(connection, id);
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

async function readReport(connection: Connection, { id }: ArtifactView): Promise<PhaseReport> {
  const { files } = await getArtifact(connection, id);
  const file = files.find(({ name }) => name === REPORT_FILE);
  if (file === undefined) throw new ForgeError('INTERNAL', `report ${id} has no ${REPORT_FILE}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readArtifactFile(connection, id, file)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as PhaseReport;
}

function secondsBetween(from: string | undefined, to: string | undefined): number {
  return from === undefined || to === undefined ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}

/**
 * What people read: each phase with its gate, what it measured by task family and what it may claim, and then what every phase passed on, side by
 * side. Rows that a later phase measured as well, its parents for example, stand in the table of that phase.
 */
export function table({ phases, closing }: DemoSummary): string {
  const sections = phases.flatMap(({ phase, seconds, degraded, report }, i) => {
    const later = new Set(phases.slice(i + 1).flatMap((other) => other.report.rows.map(({ name }) => name)));
    const rows = report.rows.every(({ name }) => later.has(name)) ? [] : reportTable(report);
    return [
      `${phase} (${Math.round(seconds)} s, ${degraded === undefined ? 'gate passed' : `degraded: ${degraded}`})`,
      '',
      ...(rows.length > 0 ? [...rows, ''] : []),
      ...report.verdicts.map((verdict) => `  ${verdict}`),
      '',
    ];
  });
  return [
    ...sections,
    ...['what each phase passed on', '', ...reportTable({ rows: phases.flatMap(passedOn) })],
    ...(closing ? ['', ...closingTable(closing, phases)] : []),
  ].join('\n');
}
