import { compare } from '../shared/compare.js';
import { comparisonSentence } from '../shared/comparison-sentence.js';
import type { Interval, PhaseReport, ScoreTable } from '../shared/report.js';
import { metricsOf, rowOf, type Measured } from '../shared/yardstick.js';
import { offersTool } from './behaviour.js';
import { OTHERS, type Followed } from './measure.js';
import type { BakingParams } from './params.js';

/** What was found out about every model. */
export interface Findings {
  /** By model: `before`, `half`, `after`, and `alone-NAME` where prompts were baked by themselves too. Baked families count as their model is marked for. */
  readonly measured: ReadonlyMap<string, Measured>;
  /** The same, on what was not baked, under prompts too. */
  readonly kept: ReadonlyMap<string, Measured>;
  /** The same, on families under prompts that the mix does not have. */
  readonly prompts: ReadonlyMap<string, Measured>;
  /** Without the prompts, by model. */
  readonly followed: ReadonlyMap<string, Followed>;
  /** The rates of the model that came in, with each prompt before its questions, by bake. */
  readonly prompted: ReadonlyMap<string, Readonly<Record<string, Interval>>>;
  /** By model and bake. */
  readonly divergence: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** KL(model that came in ‖ baked one) on what was not baked, nats per token; absent where there are no families. */
  readonly keptDivergence?: number;
  readonly firstLoss: number;
  readonly lastLoss: number;
}

/** The table of what was not baked, how far each prompt is followed without being there, where else it shows, and what may be said. */
export function reportOf(
  findings: Findings,
  { bakes }: BakingParams,
): { report: PhaseReport; metrics: Record<string, number> } {
  const { measured, kept, followed, divergence, keptDivergence, firstLoss, lastLoss } = findings;
  const [before, after] = [kept.get('before')!, kept.get('after')!];
  const rates = [...followed.get('after')!.rates.values()].map(({ following }) => following!.estimate);
  const tool = bakes.find(offersTool)?.name;
  const calls = tool === undefined ? undefined : followed.get('after')!.traces.get(tool)?.[OTHERS];
  const forgetting = forgettingOf(before, after);
  const worst = worstOf(before, after);
  const far = (name: string) => Math.max(...divergence.get(name)!.values());
  const metrics: Record<string, number> = {
    ...{ following: Math.min(...rates), firstLoss, lastLoss },
    ...{ divergenceBefore: far('before'), divergenceAfter: far('after') },
    ...(calls ? { falseCalls: calls.estimate } : {}),
    ...(keptDivergence === undefined ? {} : { keptDivergence }),
    ...(forgetting === undefined ? {} : { forgetting }),
    ...(worst === undefined ? {} : { worstForgetting: worst.lost }),
  };
  for (const name of ['before', 'half', 'after']) Object.assign(metrics, metricsOf(name, measured.get(name)!));
  const comparisons = compare('after', 'before', kept);
  const unit = before.tasks ? 'points' : 'bits per byte';
  const verdicts = [
    ...bakes.map(({ name }) => followingSentence(name, findings)),
    ...comparisons.map((each) => `on what was not baked, ${comparisonSentence(each, unit, 'the baked model')}`),
    ...(worst && worst.lost > 0 ? [`${worst.family} lost most: ${(100 * worst.lost).toFixed(1)} points`] : []),
    ...(calls ? [`${percent(calls)} of unprompted questions that need no tool are answered by a call`] : []),
  ];
  const rows = [...measured].map(([name, each]) => rowOf(name, each));
  const figures = { ...metrics, ...divergenceFigures(divergence) };
  const scores = [
    ...bakes.map(({ name }) => followingTable(name, findings)),
    interferenceTable(followed.get('after')!),
    ...promptsTable(findings),
  ];
  return { report: { phase: 'baking', rows, comparisons, scores, figures, verdicts }, metrics };
}

function followingSentence(name: string, { followed, divergence }: Findings): string {
  const share = (model: string) => percent(followed.get(model)!.rates.get(name)!['following']!);
  const far = (model: string) => divergence.get(model)!.get(name)!.toPrecision(2);
  return (
    `without its prompt, ${name} is answered as with it in ${share('after')} of held-out questions (${share('before')} before, ` +
    `${share('half')} half-baked); the divergence from the prompted model went from ${far('before')} to ${far('after')} nats per token`
  );
}

/** Of the table that says how far a bake is followed. */
export function followingTitle(bake: string): string {
  return `${bake}: answers to its held-out questions, without the prompt`;
}

/** A bake's behaviours, by model; the first row has the prompt. */
function followingTable(bake: string, { followed, prompted }: Findings): ScoreTable {
  const rows = new Map([['with the prompt', prompted.get(bake)!]]);
  for (const [name, { rates }] of followed) rows.set(name, rates.get(bake)!);
  const columns = [...new Set([...rows.values()].flatMap((rates) => Object.keys(rates)))];
  return {
    title: followingTitle(bake),
    columns,
    rows: [...rows].map(([name, rates]) => ({ name, scores: columns.map((column) => rates[column] ?? null) })),
  };
}

/** Where each prompt shows: on its own questions it should, elsewhere it should not. */
function interferenceTable({ traces }: Followed): ScoreTable {
  const columns = [...new Set([...traces.values()].flatMap((rates) => Object.keys(rates)))];
  return {
    title: 'interference: how often each prompt shows in the unprompted answers to whose questions',
    columns,
    rows: [...traces].map(([name, rates]) => ({ name, scores: columns.map((column) => rates[column] ?? null) })),
  };
}

/** How far other prompts are still followed, on families that the mix does not have. */
function promptsTable({ prompts }: Findings): ScoreTable[] {
  const columns = Object.keys(prompts.get('after')!.tasks?.families ?? {});
  if (columns.length === 0) return [];
  const rows = [...prompts].map(([name, { tasks }]) => ({
    name,
    scores: columns.map((family) => tasks!.families[family]!.accuracy),
  }));
  return [
    { title: 'right answers under prompts that were followed before, and are to be followed still', columns, rows },
  ];
}

function divergenceFigures(divergence: Findings['divergence']): Record<string, number> {
  const pairs = [...divergence].flatMap(([model, byBake]) =>
    [...byBake].map(([bake, nats]) => [`divergence.${bake}.${model}`, nats] as const),
  );
  return Object.fromEntries(pairs);
}

/** Accuracy that was lost by what was not baked, on average over its families, prompted ones among them; bits per byte on text alone. */
function forgettingOf(before: Measured, after: Measured): number | undefined {
  if (!before.tasks || !after.tasks)
    return before.text && after.text ? after.text.bitsPerByte - before.text.bitsPerByte : undefined;
  const mean = ({ families }: NonNullable<Measured['tasks']>) => {
    const scores = Object.values(families);
    return scores.reduce((sum, { accuracy }) => sum + accuracy.estimate, 0) / scores.length;
  };
  return mean(before.tasks) - mean(after.tasks);
}

/** The family that lost most accuracy. */
function worstOf(before: Measured, after: Measured): { readonly family: string; readonly lost: number } | undefined {
  const losses = Object.entries(before.tasks?.families ?? {}).map(([family, { accuracy }]) => ({
    family,
    lost: accuracy.estimate - after.tasks!.families[family]!.accuracy.estimate,
  }));
  return losses.toSorted((a, b) => b.lost - a.lost)[0];
}

function percent({ estimate }: Interval): string {
  return `${(100 * estimate).toFixed(1)} %`;
}
