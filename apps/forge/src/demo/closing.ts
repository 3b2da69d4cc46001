import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunView } from '@agent-forge/contracts';
import { createFamily } from '@agent-forge/data';
import type { ReportRow } from '@agent-forge/phases';
import { downloadArtifact, type Connection } from '@agent-forge/sdk';
import { runInWorker } from '@agent-forge/tensor';
import { size } from '../terminal/columns.js';
import { aligned, percent } from '../terminal/report-table.js';
import type { ClosingJob, Closing } from './closing-job.js';
import { passedOn } from './passed-on.js';
import type { PhaseSummary } from './summary.js';

const CHANCE = 'guessing';

/** Measures the model at the end beside the first of the run; undefined where that is the same. */
export async function closingOf(
  connection: Connection,
  run: RunView,
  final: { readonly id: string; readonly folder: string },
  phases: readonly PhaseSummary[],
  signal: AbortSignal,
): Promise<Closing | undefined> {
  const first = run.phases[0]?.artifacts.find(({ kind }) => kind === 'model');
  if (first === undefined || first.id === final.id) return undefined;
  const dir = await mkdtemp(join(tmpdir(), 'agent-forge-closing-'));
  try {
    const folder = join(dir, 'first');
    await downloadArtifact(connection, first.id, folder);
    const families = [...new Set(phases.flatMap(({ report }) => report.rows.flatMap(familiesOf)))];
    const job: ClosingJob = { first: folder, final: final.folder, families, seed: run.seed };
    return await runInWorker<ClosingJob, Closing>(new URL('closing-job.js', import.meta.url), job, { signal });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The final model beside the models that the first phase passed on, and beside guessing; and what it answers. */
export function closingTable({ speed, answers }: Closing, phases: readonly PhaseSummary[]): string[] {
  const parents = passedOn(phases[0]!);
  const [final] = passedOn(phases.at(-1)!);
  const models = [...parents, { ...final!, name: 'final' }];
  const families = [...new Set(models.flatMap(familiesOf))];
  const line = (title: string, cells: readonly (string | undefined)[]) =>
    cells.every((cell) => cell === undefined) ? [] : [[title, ...cells.map((cell) => cell ?? '')]];
  const each = (cell: (row: ReportRow) => string | undefined, chance?: string) => [...models.map(cell), chance];
  const cells = [
    ['', ...models.map(({ name }) => name), families.length > 0 ? CHANCE : ''],
    ...families.map((family) => [
      family,
      ...models.map((row) => percent(row.families?.[family]?.accuracy)),
      (100 * createFamily(family).chance).toFixed(1),
    ]),
    ...line(
      'all',
      each(({ accuracy }) => accuracy && percent(accuracy)),
    ),
    ...line(
      'bits per byte',
      each(({ bitsPerByte }) => bitsPerByte?.toFixed(3)),
    ),
    ...line(
      'size',
      each(({ sizeBytes }) => (sizeBytes === undefined ? undefined : size(sizeBytes))),
    ),
    // The parents have one shape, so one of them is measured.
    ...line('tokens/s', [speed.first.toFixed(0), ...parents.slice(1).map(() => ''), speed.final.toFixed(0), '']),
  ];
  const longest = Math.max(0, ...answers.map(({ prompt }) => prompt.length));
  return [
    `the final model beside its first parents${families.length > 0 ? '; held-out accuracy in %' : ''}; size of the weights; decoding one sequence as ONNX`,
    '',
    ...aligned(cells),
    ...(answers.length > 0 ? ['', 'what it answers, asked without a system prompt', ''] : []),
    ...answers.map(({ prompt, answer }) => `  ${prompt.padEnd(longest)}  ${answer}`),
  ];
}

function familiesOf({ families = {} }: ReportRow): string[] {
  return Object.keys(families);
}
