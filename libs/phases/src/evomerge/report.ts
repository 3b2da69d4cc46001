import { bootstrapPairedDifference, type Model } from '@agent-forge/model';
import { ByteNgram } from '@agent-forge/data';
import type { ArtifactName } from '@agent-forge/contracts';
import type { PhaseContext } from '../phase.js';
import type { Comparison, PhaseReport, ReportRow } from '../shared/report.js';
import { lossOf, rowOf, type Measured, type Yardstick } from '../shared/yardstick.js';

/** A model to measure: its name in the report, and its artifact where it is stored. */
export interface Contender {
  readonly name: string;
  readonly model: Model;
  readonly artifactId?: string;
}

/** What the result is called in the report. */
export const CHAMPION = 'champion';
export const AVERAGE = 'average';
const GENERALIST = 'generalist';
const isParent = (name: string) => name.startsWith('seed-');

/** Measures all contenders on the same report items, one after the other. */
export async function measureAll(
  context: PhaseContext,
  contenders: readonly Contender[],
  yardstick: Yardstick,
  onProgress: (share: number) => void,
): Promise<Map<string, Measured>> {
  const measured = new Map<string, Measured>();
  for (const { name, model } of contenders) {
    context.signal.throwIfAborted();
    measured.set(name, await yardstick.measure(model));
    onProgress(measured.size / contenders.length);
  }
  return measured;
}

/**
 * The table, the paired comparisons of the champion, and what may be said.
 * @param bestParent by its score on the select part; choosing it on report would flatter it
 */
export function reportOf(
  contenders: readonly Contender[],
  measured: ReadonlyMap<string, Measured>,
  yardstick: Yardstick,
  bestParent: string,
  figures: Readonly<Record<string, number>>,
): PhaseReport {
  const rows: ReportRow[] = contenders.map(({ name, artifactId }) => rowOf(name, measured.get(name)!, artifactId));
  const than = [...measured.keys()].filter((name) => name !== CHAMPION);
  const comparisons = than.flatMap((name) => comparison(name, measured));
  const verdicts = verdictsOf(comparisons, measured, bestParent);
  return { phase: 'evomerge', rows: [...baselines(yardstick), ...rows], comparisons, figures, verdicts };
}

/** How much more often the champion is right than another on the same items. */
function comparison(than: string, measured: ReadonlyMap<string, Measured>): Comparison[] {
  const [mine, theirs] = [measured.get(CHAMPION)?.tasks?.correct, measured.get(than)?.tasks?.correct];
  if (mine === undefined || theirs === undefined) return [];
  const difference = bootstrapPairedDifference(mine, theirs, { seed: than });
  return [{ name: `${CHAMPION} − ${than}`, better: CHAMPION, than, difference }];
}

function verdictsOf(
  comparisons: readonly Comparison[],
  measured: ReadonlyMap<string, Measured>,
  bestParent: string,
): string[] {
  if (comparisons.length === 0) return textVerdicts(measured);
  const points = ({ estimate, low, high }: Comparison['difference']) =>
    `${(100 * estimate).toFixed(1)} points [${(100 * low).toFixed(1)}, ${(100 * high).toFixed(1)}]`;
  const says = ({ than, difference }: Comparison): string => {
    if (difference.low > 0) return `the champion beats ${than} by ${points(difference)}`;
    if (difference.high < 0) return `the champion loses to ${than}: ${points(difference)}`;
    return `the champion cannot be told from ${than}: ${points(difference)}`;
  };
  const parents = comparisons.filter(({ than }) => isParent(than));
  const beatsAll = parents.length > 0 && parents.every(({ difference }) => difference.low > 0);
  const control = comparisons.filter(({ than }) => than === AVERAGE || than === GENERALIST || than === 'trunk');
  const best = parents.filter(({ than }) => than === bestParent);
  return [...(beatsAll ? ['the champion beats every parent'] : []), ...best.map(says), ...control.map(says)];
}

function textVerdicts(measured: ReadonlyMap<string, Measured>): string[] {
  const mine = lossOf(measured.get(CHAMPION)!);
  const better = [...measured].filter(([name, each]) => name !== CHAMPION && mine < lossOf(each)).map(([name]) => name);
  return [
    `the champion needs fewer bits per byte than ${better.length > 0 ? better.join(', ') : 'none of the others'}`,
  ];
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

/** The contenders among a phase's inputs. */
export function contendersOf(inputs: readonly ArtifactName[], models: ReadonlyMap<string, Model>): Contender[] {
  return inputs
    .filter(({ role }) => models.has(role))
    .map(({ id, role }) => ({ name: role, model: models.get(role)!, artifactId: id }));
}
