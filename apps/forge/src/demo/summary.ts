import { ForgeError, type ArtifactView, type RunView } from '@agent-forge/contracts';
import type { PhaseReport } from '@agent-forge/phases';
import { getArtifact, readArtifactFile, type Connection } from '@agent-forge/sdk';
import { reportTable } from '../terminal/report-table.js';

const REPORT_FILE = 'report.json';

/** What came of a demo. */
export interface DemoSummary {
  run: string;
  /** What each phase measured on the report split, in the order of the run. */
  reports: readonly PhaseReport[];
  /** Seconds of each phase, by its name. */
  phaseSeconds: Readonly<Record<string, number>>;
  /** The folder of the model that the run made. */
  model: string;
  /** Its artifact. */
  artifactId: string;
  /** From the request to the last event. */
  seconds: number;
}

/** The reports of a completed run. @throws ForgeError INTERNAL when a phase has stored something else under the name of a report */
export async function readReports(connection: Connection, run: RunView): Promise<PhaseReport[]> {
  const reports: PhaseReport[] = [];
  for (const { artifacts } of run.phases) {
    const report = artifacts.find(({ role }) => role === 'report');
    if (report) reports.push(await readReport(connection, report));
  }
  return reports;
}

async function readReport(connection: Connection, { id }: ArtifactView): Promise<PhaseReport> {
  const { files } = await getArtifact(connection, id);
  const file = files.find(({ name }) => name === REPORT_FILE);
  if (file === undefined) throw new ForgeError('INTERNAL', `report ${id} has no ${REPORT_FILE}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of readArtifactFile(connection, id, file)) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as PhaseReport;
}

/** The figures of a completed run. @param model the folder where its model lies */
export function summarise(
  run: RunView,
  reports: readonly PhaseReport[],
  artifactId: string,
  model: string,
): DemoSummary {
  const phaseSeconds = Object.fromEntries(
    run.phases.map(({ phase, startedAt, endedAt }) => [phase, secondsBetween(startedAt, endedAt)]),
  );
  const seconds = secondsBetween(run.requestedAt, run.endedAt);
  return { run: run.id, reports, phaseSeconds, model, artifactId, seconds };
}

function secondsBetween(from: string | undefined, to: string | undefined): number {
  return from === undefined || to === undefined ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}

/** What people read: the table of the last phase, which has everything that led to it, and what each phase may claim. */
export function table({ reports, phaseSeconds }: DemoSummary): string {
  const last = reports.at(-1);
  const claims = reports.flatMap(({ phase, verdicts }) => [
    `${phase} (${Math.round(phaseSeconds[phase] ?? 0)} s)`,
    ...verdicts.map((verdict) => `  ${verdict}`),
  ]);
  return [...(last ? reportTable(last) : []), '', ...claims].join('\n');
}
