import type { AgentRow, Claim, Interval, PhaseReport, ReportRow, ScoreTable } from '@agent-forge/phases';
import { size } from './columns.js';

/** Between columns. */
const GAP = '  ';
/** The name of the line that has all families together. */
const ALL = 'all';

/** The parts of a report that are tables. */
type Tables = Pick<PhaseReport, 'rows' | 'scores' | 'agents' | 'claims'>;

/**
 * The tables of a phase's report for people: accuracy by task family, one column for each model, with half the width of its 95 % interval;
 * bits per byte, one line for each; and what else the phase has rates of. What was not measured is left out.
 * @returns lines without an end
 */
export function reportTable({ rows, scores = [], agents = [], claims = [] }: Tables): string[] {
  const tables = [
    familyTable(rows),
    bitsTable(rows),
    ...scores.map(scoreTable),
    agentTable(agents),
    claimTable(claims),
  ];
  const blocks = tables.filter((lines) => lines.length > 0);
  return blocks.flatMap((lines, i) => (i === 0 ? lines : ['', ...lines]));
}

function familyTable(rows: readonly ReportRow[]): string[] {
  const measured = rows.filter(({ accuracy, families }) => accuracy && families);
  if (measured.length === 0) return [];
  const families = [...new Set(measured.flatMap((row) => Object.keys(row.families!)))];
  const line = (title: string, cell: (row: ReportRow) => string | undefined) => {
    const found = measured.map(cell);
    return found.every((text) => text === undefined) ? [] : [[title, ...found.map((text) => text ?? '-')]];
  };
  const cells = [
    ['', ...measured.map(({ name }) => name.replace(/^seed-/, ''))],
    ...families.map((family) => [family, ...measured.map((row) => percent(row.families![family]?.accuracy))]),
    [ALL, ...measured.map((row) => percent(row.accuracy))],
    ...line('loss', ({ loss }) => loss?.toFixed(3)),
    ...line('perplexity', ({ perplexity }) => perplexity?.toFixed(3)),
    ...line('size', ({ sizeBytes }) => (sizeBytes === undefined ? undefined : size(sizeBytes))),
  ];
  return ['held-out accuracy, % (± half of its 95 % interval)', '', ...aligned(cells)];
}

function bitsTable(rows: readonly ReportRow[]): string[] {
  const measured = rows.filter(({ bitsPerByte }) => bitsPerByte !== undefined);
  if (measured.length === 0) return [];
  const cells = measured.map(({ name, bitsPerByte }) => [name, bitsPerByte!.toFixed(3)]);
  return ['held-out bits per byte (lower is better)', '', ...aligned(cells)];
}

function scoreTable({ title, columns, rows }: ScoreTable): string[] {
  const cells = rows.map(({ name, scores }) => [name, ...scores.map((share) => percent(share ?? undefined))]);
  return [`${title}, %`, '', ...aligned([['', ...columns], ...cells])];
}

/** What an answer of each agent is worth and costs. */
function agentTable(agents: readonly AgentRow[]): string[] {
  if (agents.length === 0) return [];
  const cells = agents.map(({ name, accuracy, tokens, isChosen }) => [
    isChosen ? `${name} *` : name,
    percent(accuracy),
    tokens.toFixed(1),
  ]);
  return ['agents on fresh items (* goes on)', '', ...aligned([['', 'accuracy, %', 'tokens'], ...cells])];
}

/** What earlier phases proved, then and now. */
function claimTable(claims: readonly Claim[]): string[] {
  if (claims.length === 0) return [];
  const cells = claims.map(({ phase, metric, control, unit, then, now, gained, lostBy }) => {
    const shown = (value: Interval) => (unit === 'share' ? percent(value) : value.estimate.toFixed(3));
    const again = typeof now === 'string' ? ['-', '-'] : [shown(now.value), shown(now.control)];
    const verdict =
      typeof now === 'string' ? '-' : lostBy !== undefined ? `${lostBy} lost it` : gained ? 'holds' : 'no gain';
    return [`${phase}: ${metric}, against ${control}`, shown(then.value), shown(then.control), ...again, verdict];
  });
  const head = ['', 'then', 'control', 'now', 'control', ''];
  return ['what each phase proved, and on the final model', '', ...aligned([head, ...cells])];
}

/** `92.5 ±3.6` of a share; a bar of dashes where it was not measured. */
export function percent(share: Interval | undefined): string {
  if (share === undefined) return '-';
  const half = (share.high - share.low) / 2;
  return `${(100 * share.estimate).toFixed(1)} ±${(100 * half).toFixed(1)}`;
}

/** The first column to the left, the others to the right, each as wide as it must be. */
export function aligned(cells: readonly (readonly string[])[]): string[] {
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)));
  return cells.map((line) => {
    const [first, ...others] = line.map((text, i) => (i === 0 ? text.padEnd(widths[i]!) : text.padStart(widths[i]!)));
    return `  ${[first, ...others].join(GAP)}`.trimEnd();
  });
}
