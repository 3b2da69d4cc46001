import { printable, type PhaseView, type RunView } from '@agent-forge/contracts';
import { columns } from '../terminal/columns.js';
import { duration } from '../terminal/progress-line.js';

/** A run as people read it: what it is, each phase with its figures, and why it failed where it did. */
export function describeRun(run: RunView): string {
  const { id, status, name, requestedAt, endedAt, forkedFrom, error } = run;
  const facts = [
    ['run', `${id}${name ? ` (${printable(name)})` : ''}`],
    ['status', `${status}${error ? `: ${error.message} (${error.code})` : ''}`],
    ['requested', `${requestedAt} by ${run.requestedBy}`],
    ...(endedAt ? [['ended', endedAt]] : []),
    ...(forkedFrom ? [['forked from', forkedFrom]] : []),
  ];
  const rows = run.phases.map((phase) => [phase.phase, phase.status, attempts(phase), took(phase), figures(phase)]);
  const notes = run.phases.flatMap(({ phase, notes: each }) => each.map(({ message }) => `${phase}: ${message}\n`));
  const table = columns([['phase', 'status', 'attempt', 'time', 'figures'], ...rows]);
  return `${columns(facts)}\n${table}${notes.length > 0 ? `\n${notes.join('')}` : ''}`;
}

/** Runs as a list. */
export function describeRuns(runs: readonly RunView[]): string {
  if (runs.length === 0) return 'there are no runs yet; forge run RECIPE makes one\n';
  const rows = runs.map(({ id, status, name, requestedAt, phases }) => {
    const done = phases.filter((phase) => phase.status === 'completed').length;
    return [id, status, `${done}/${phases.length} phases`, requestedAt, printable(name)];
  });
  return columns(rows);
}

function attempts({ attempt, failures }: PhaseView): string {
  return failures > 0 ? `${attempt} (${failures} failed)` : String(attempt);
}

function took({ startedAt, endedAt }: PhaseView): string {
  if (startedAt === undefined) return '-';
  return duration((Date.parse(endedAt ?? new Date().toISOString()) - Date.parse(startedAt)) / 1000);
}

/** More would not fit into a line; the report has all. */
const MOST_FIGURES = 4;

function figures({ metrics, error, degraded }: PhaseView): string {
  if (error) return `${error.message} (${error.code})`;
  const shown = Object.entries(metrics).slice(0, MOST_FIGURES);
  const text = shown.map(([name, value]) => `${name} ${Number(value.toPrecision(3))}`).join('  ');
  return degraded ? `degraded: ${degraded}` : text;
}
