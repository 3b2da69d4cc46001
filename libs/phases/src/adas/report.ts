import { compare } from '../shared/compare.js';
import type { Comparison, PhaseReport, ScoreTable } from '../shared/report.js';
import { lossOf, metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import type { Domain } from './domains.js';
import type { AgentFindings } from './agents/agent-report.js';
import { diagonalShare, ownGain, restricted, scoreOn, type ExpertMatrix } from './matrix.js';
import type { Panel } from './measure.js';
import { expertRow, ON, ROWS } from './rows.js';
import { verdictsOf } from './verdicts.js';

/** Everything that was found. */
export interface AdasResult {
  readonly panel: Panel;
  readonly domains: readonly Domain[];
  readonly measured: ReadonlyMap<string, Measured>;
  /** Part of the questions that the router sent where they belong. */
  readonly dispatchAccuracy: number;
  /** What was applied, in words; undefined for nothing. */
  readonly applied: string | undefined;
  readonly figures: Readonly<Record<string, number>>;
  /** What the search for agents found; undefined where there was none. */
  readonly agents: AgentFindings | undefined;
}

/** The rows of all experts on all domains, what routing and mixing give, and what may be said. */
export function reportOf(result: AdasResult): { report: PhaseReport; metrics: Record<string, number> } {
  const { panel, domains, measured, dispatchAccuracy, applied, agents } = result;
  const matrix = matrixOf(result);
  const own = domains.flatMap(({ name }) => onDomain(result, name, expertRow(name), ROWS.base));
  const shuffled = measured.has(ROWS.shuffled)
    ? domains.flatMap(({ name }) => onDomain(result, name, expertRow(name), ROWS.shuffled))
    : [];
  const whole = [ROWS.routed, ROWS.mixture, ROWS.applied]
    .filter((name) => measured.has(name))
    .flatMap((name) => compare(name, ROWS.base, measured));
  const control = measured.has(ROWS.generalist) ? compare(ROWS.routed, ROWS.generalist, measured) : [];
  const found: Record<string, number> = {
    ...result.figures,
    ...agents?.figures,
    experts: domains.length,
    gain: ownGain(matrix),
    diagonal: diagonalShare(matrix),
    dispatchAccuracy,
    ...(measured.has(ROWS.applied) ? { regression: regressionOf(measured) } : {}),
  };
  const metrics = { ...found };
  for (const name of Object.values(ROWS))
    if (measured.has(name)) Object.assign(metrics, metricsOf(name, measured.get(name)!));
  const report: PhaseReport = {
    phase: 'adas',
    rows: [...measured].map(([name, each]) => rowOf(name, each)),
    results: [applied === undefined ? ROWS.base : ROWS.applied],
    comparisons: [...own, ...shuffled, ...whole, ...control, ...(agents?.comparisons ?? [])],
    ...(agents ? { agents: agents.agents } : {}),
    ...(isText(panel) ? {} : { scores: [expertTable(result)] }),
    figures: { ...found, ...textTable(matrix, panel) },
    verdicts: [
      ...verdictsOf({
        ...{ matrix, own, shuffled, dispatchAccuracy, applied },
        whole: [...whole, ...control],
        isText: isText(panel),
      }),
      ...(agents?.verdicts ?? []),
    ],
  };
  return { report, metrics };
}

function matrixOf({ panel, domains, measured }: AdasResult): ExpertMatrix {
  const names = domains.map(({ name }) => name);
  const row = (of: string) => names.map((name) => scoreOn(measured.get(of)!, panel, name));
  return { domains: names, scores: names.map((name) => row(expertRow(name))), base: row(ROWS.base) };
}

/** Experts by the domains that they are for. */
function expertTable({ domains, measured }: AdasResult): ScoreTable {
  const columns = domains.map(({ name }) => name);
  const others = [ROWS.routed, ROWS.mixture, ROWS.generalist].filter((name) => measured.has(name));
  const rows = [ROWS.base, ...columns.map(expertRow), ...others].map((name) => {
    const { families } = measured.get(name)!.tasks!;
    return { name, scores: columns.map((domain) => families[domain]!.accuracy) };
  });
  return { title: 'accuracy of every expert on every domain that has one', columns, rows };
}

/** A paired comparison on the items of one domain. */
function onDomain({ panel, measured }: AdasResult, domain: string, better: string, than: string): Comparison[] {
  const rows = [better, than].map((name) => [name, restricted(measured.get(name)!, panel, domain)] as const);
  return compare(better, than, new Map(rows)).map((each) => ({ ...each, name: `${each.name}${ON}${domain}` }));
}

/** Accuracy lost on the whole mix by what was applied; bits per byte on text alone. */
function regressionOf(measured: ReadonlyMap<string, Measured>): number {
  const [none, applied] = [measured.get(ROWS.base)!, measured.get(ROWS.applied)!];
  if (none.tasks && applied.tasks) return none.tasks.accuracy.estimate - applied.tasks.accuracy.estimate;
  return lossOf(applied) - lossOf(none);
}

function isText({ items }: Panel): boolean {
  return items.length === 0;
}

/** Bits per byte of every expert on every domain, which rows have no place for; task families are in the rows. */
function textTable({ domains, scores, base }: ExpertMatrix, panel: Panel): Record<string, number> {
  if (!isText(panel)) return {};
  const rows = [[ROWS.base, base] as const, ...domains.map((name, i) => [expertRow(name), scores[i]!] as const)];
  return Object.fromEntries(
    rows.flatMap(([row, each]) => domains.map((name, i) => [`${row}.${name}.bitsPerByte`, -each[i]!])),
  );
}
