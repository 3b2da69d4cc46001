import type { Manifest } from '@agent-forge/contracts';
import { parameterCount, type Model } from '@agent-forge/model';
import type { AgentRow, Claim, Interval, PhaseReport, ReportRow, ScoreTable, SelectionRow } from '../report.js';
import { barPlot } from './plot.js';
import { familiesOf, lostSkills, passedOn, percent, type PassedOn } from './skills.js';
import { lineageTree } from './tree.js';

/** What a model card is made from. */
export interface CardSubject {
  readonly model: Model;
  /** What the model was made from directly, and everything that this was made from. */
  readonly parents: readonly string[];
  readonly ancestors: ReadonlyMap<string, Manifest>;
  /** Of every phase so far, the last one's own included, in the order of the pipeline. */
  readonly reports: readonly PhaseReport[];
  readonly seed: number;
  readonly codeVersion: string;
}

/** The files of a model card, by name: README.md with the header that the Hugging Face hub reads, and its plots. */
export function modelCard(subject: CardSubject): Record<string, string> {
  const steps = passedOn(subject.reports);
  const plots = plotsOf(steps);
  const { config } = subject.model;
  const tags = ['agent-forge', ...(config.ternary ? ['ternary', 'bitnet'] : [])];
  const text = [
    ['---', 'library_name: transformers', 'pipeline_tag: text-generation', `tags: [${tags.join(', ')}]`, '---'],
    ['# A model made by Agent Forge', '', summary(subject)],
    ['## What each phase passed on', '', MEASURED, '', ...stepTable(steps)],
    ...Object.keys(plots).map((name) => [`![${name.replace('.svg', '')} of what each phase passed on](${name})`]),
    ['## What was lost on the way', '', ...lostOf(steps)],
    ...claimSection(subject.reports.at(-1)?.claims ?? []),
    ['## What each phase measured'],
    ...subject.reports.map(phaseSection),
    ['## Where it comes from', '', ...lineageOf(subject)],
  ];
  return { 'README.md': `${text.map((lines) => lines.join('\n')).join('\n\n')}\n`, ...plots };
}

const MEASURED =
  'Accuracy in percent ± half of its 95 % interval, on items that neither training nor search nor choice has seen; on text, bits per byte.';

const CLAIMED =
  'A figure is lost where its 95 % interval is below that of the phase, and no gain where the phase had not beaten that control beyond doubt. Controls that are other models stand as they were; those that are another use of the same model are measured again.';

const CHOSEN = 'What it was chosen from, measured on the select part:';

function summary({ model: { config }, seed, codeVersion }: CardSubject): string {
  const { hiddenSize, numLayers, vocabSize, ternary } = config;
  const size = `${(parameterCount(config) / 1e6).toFixed(2)} million parameters`;
  const shape = `${numLayers} layers of width ${hiddenSize}, a vocabulary of ${vocabSize}`;
  const kind = ternary ? ' Its projections are ternary (1.58 bits), embedding and norms are not.' : '';
  return `A Llama-family language model of ${size}: ${shape}.${kind} Seed ${seed}, Agent Forge ${codeVersion}.`;
}

function stepTable(steps: readonly PassedOn[]): string[] {
  const line = (title: string, cell: (row: ReportRow) => string | undefined): string[][] => {
    const cells = steps.map(({ row }) => cell(row));
    return cells.every((text) => text === undefined) ? [] : [[title, ...cells.map((text) => text ?? '-')]];
  };
  return markdown(
    ['', ...steps.map(({ name }) => name)],
    [
      ...familiesOf(steps).flatMap((family) => line(family, ({ families }) => spread(families?.[family]?.accuracy))),
      ...line('**all**', ({ accuracy }) => spread(accuracy)),
      ...line('loss', ({ loss }) => loss?.toFixed(3)),
      ...line('bits per byte', ({ bitsPerByte }) => bitsPerByte?.toFixed(3)),
    ],
  );
}

/** Each phase's key figures with their controls, as they were and on this model. */
function claimSection(claims: readonly Claim[]): string[][] {
  if (claims.length === 0) return [];
  const lines = claims.map(({ phase, metric, control, unit, then, now, gained, lostBy }) => {
    const shown = (value: Interval) => (unit === 'share' ? spread(value)! : value.estimate.toFixed(3));
    const again = typeof now === 'string' ? ['-', '-'] : [shown(now.value), shown(now.control)];
    const verdict =
      typeof now === 'string' ? now : lostBy !== undefined ? `${lostBy} lost it` : gained ? 'holds' : 'no gain';
    return [phase, metric, control, shown(then.value), shown(then.control), ...again, verdict];
  });
  const head = ['phase', 'figure', 'control', 'then', 'control then', 'now', 'control now', ''];
  return [
    [
      '## What each phase proved, measured again on this model',
      '',
      CLAIMED,
      '',
      ...markdown(head, lines),
      '',
      ...helpOf(claims),
    ],
  ];
}

/** Which phases did not help at this size. */
function helpOf(claims: readonly Claim[]): string[] {
  const phases = [...new Set(claims.map(({ phase }) => phase))];
  const without = phases.filter((name) => !claims.some(({ phase, gained }) => phase === name && gained));
  return without.length === 0
    ? ['Every phase here beat at least one of its controls.']
    : [`Beyond doubt, these phases beat none of their controls at this size: ${without.join(', ')}.`];
}

function phaseSection({ phase, rows, verdicts, scores = [], selection = [], agents = [] }: PhaseReport): string[] {
  const table = rows.map(({ name, accuracy, loss, bitsPerByte, sizeBytes }) => [
    name,
    spread(accuracy) ?? '-',
    loss?.toFixed(3) ?? '-',
    bitsPerByte?.toFixed(3) ?? '-',
    sizeBytes === undefined ? '-' : `${(sizeBytes / 1e3).toFixed(1)} kB`,
  ]);
  const head = ['', 'accuracy', 'loss', 'bits per byte', 'size'];
  const chosenFrom = selection.length > 0 ? ['', CHOSEN, '', ...selectionTable(selection)] : [];
  return [
    `### ${phase}`,
    '',
    ...markdown(head, table),
    '',
    ...verdicts.map((verdict) => `- ${verdict}`),
    ...scores.flatMap(scoreTable),
    ...agentTable(agents),
    ...chosenFrom,
  ];
}

function scoreTable({ title, columns, rows }: ScoreTable): string[] {
  const lines = rows.map(({ name, scores }) => [name, ...scores.map((share) => spread(share ?? undefined) ?? '-')]);
  return ['', `${title}, in percent:`, '', ...markdown(['', ...columns], lines)];
}

function agentTable(agents: readonly AgentRow[]): string[] {
  if (agents.length === 0) return [];
  const lines = agents.map(({ name, accuracy, tokens, isOnFront, isChosen }) => [
    ...[name, spread(accuracy) ?? '-', tokens.toFixed(1)],
    ...[isOnFront ? 'yes' : '', isChosen ? 'goes on' : ''],
  ]);
  const head = ['agent', 'accuracy', 'tokens for an answer', 'on the front', ''];
  return ['', 'Agents, chosen on select and measured on report:', '', ...markdown(head, lines)];
}

/** Smallest first; those that nothing else beats in both size and divergence are marked. */
function selectionTable(selection: readonly SelectionRow[]): string[] {
  const head = ['', 'bytes', 'bits a weight', 'KL from the teacher', 'keeps at least', 'on the front', ''];
  const sorted = selection.toSorted((a, b) => a.sizeBytes - b.sizeBytes);
  return markdown(
    head,
    sorted.map(({ name, sizeBytes, bitsPerWeight, divergence, retention, isOnFront, refused = '' }) => [
      ...[name, String(sizeBytes), bitsPerWeight.toFixed(2), divergence.toPrecision(3), percent(retention.low)],
      ...[isOnFront ? 'yes' : '', refused],
    ]),
  );
}

function lostOf(steps: readonly PassedOn[]): string[] {
  const lost = lostSkills(steps);
  if (lost.length > 0) return lost.map((sentence) => `- ${sentence}`);
  return ['Nothing that the intervals can tell: on no task is the final model below what an earlier phase passed on.'];
}

function lineageOf({ parents, ancestors }: CardSubject): string[] {
  return [
    '```',
    'this model',
    ...lineageTree(parents, ancestors),
    '```',
    '',
    'Every id is the SHA-256 of a manifest; `forge verify` proves them.',
  ];
}

function plotsOf(steps: readonly PassedOn[]): Record<string, string> {
  const measured = steps.filter(({ row }) => row.accuracy);
  const bars = measured.map(({ name, row: { accuracy } }) => {
    const { estimate, low, high } = accuracy!;
    return { label: name.replace(/^.*: (seed-)?/, ''), value: estimate, low, high, text: percent(estimate) };
  });
  return bars.length === 0 ? {} : { 'accuracy.svg': barPlot('Held-out accuracy of what each phase passed on', bars) };
}

function spread(share: Interval | undefined): string | undefined {
  if (share === undefined) return undefined;
  return `${(100 * share.estimate).toFixed(1)} ±${(50 * (share.high - share.low)).toFixed(1)}`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)];
}
