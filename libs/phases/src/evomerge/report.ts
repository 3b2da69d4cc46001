import type { Model } from '@agent-forge/model';
import { ByteNgram } from '@agent-forge/data';
import { compare } from '../shared/compare.js';
import type { PhaseReport, ReportRow } from '../shared/report.js';
import { metricsOf, rowOf, type Measured, type Yardstick } from '../shared/yardstick.js';
import { verdictsOf } from './verdicts.js';

/** What the result and its control are called in the report. */
export const CHAMPION = 'champion';
export const AVERAGE = 'average';

/** A model to measure: its name in the report, and its artifact where it is stored. */
export interface Contender {
  readonly name: string;
  readonly model: Model;
  readonly artifactId?: string;
}

/** Everything that was measured. */
export interface Measurement {
  readonly contenders: readonly Contender[];
  /** On the report part, by name. */
  readonly measured: ReadonlyMap<string, Measured>;
  readonly yardstick: Yardstick;
  /** Names of the models that were merged. */
  readonly parents: readonly string[];
  /** By its score on the select part; choosing it on report would flatter it. */
  readonly bestParent: string;
}

/** The table, the paired comparisons of the champion, what may be said, and the figures for the log. */
export function reportOf(
  { contenders, measured, yardstick, parents, bestParent }: Measurement,
  figures: Readonly<Record<string, number>>,
): { report: PhaseReport; metrics: Record<string, number> } {
  const counted = baselines(yardstick);
  const rows = contenders.map(({ name, artifactId }) => rowOf(name, measured.get(name)!, artifactId));
  const others = [...measured.keys()].filter((name) => name !== CHAMPION);
  const comparisons = others.flatMap((than) => compare(CHAMPION, than, measured));
  const unit = yardstick.items.length > 0 ? 'points' : 'bits per byte';
  const verdicts = verdictsOf(comparisons, unit, parents, bestParent);
  const metrics: Record<string, number> = {};
  for (const [name, each] of measured) Object.assign(metrics, metricsOf(name, each));
  for (const { name, bitsPerByte } of counted)
    Object.assign(metrics, metricsOf(name, { text: { bitsPerByte: bitsPerByte! } }));
  const report = {
    phase: 'evomerge',
    rows: [...counted, ...rows],
    results: [CHAMPION],
    comparisons,
    figures,
    verdicts,
  };
  return { report, metrics };
}

/** What counting bytes would reach, on the same text. */
function baselines({ corpus, texts }: Yardstick): ReportRow[] {
  if (corpus === undefined) return [];
  const bytes = (blocks: readonly string[]) => blocks.map((text) => Buffer.from(text));
  const measure = (order: number) =>
    new ByteNgram(order, bytes(corpus.train), bytes(corpus.select)).bitsPerByte(bytes(texts));
  return [
    { name: 'one-gram', bitsPerByte: measure(1) },
    { name: 'three-gram', bitsPerByte: measure(3) },
  ];
}
