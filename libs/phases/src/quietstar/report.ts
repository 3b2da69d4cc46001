import { ForgeError, type ArtifactName } from '@agent-forge/contracts';
import type { PhaseOutcome } from '@agent-forge/run';
import type { PhaseContext } from '../phase.js';
import { familyRow } from '../shared/families.js';
import { storeReport, type Comparison, type PhaseReport, type ReportRow } from '../shared/report.js';
import type { Contender, Contest } from './contest.js';
import type { QuietstarParams } from './params.js';
import { verdictsOf } from './verdicts.js';

/** The controls that thinking must beat. */
export const CONTROLS = ['no-thoughts', 'pause', 'shuffled'];

/** Everything that came of the phase. */
export interface QuietstarResult {
  readonly input: ArtifactName;
  readonly thinking: ArtifactName;
  /** Whether it is the reinforced model, or the taught one. */
  readonly isReinforced: boolean;
  readonly head: ArtifactName;
  readonly distilled?: ArtifactName;
  /** Trained without thoughts, and with pauses. */
  readonly controls: readonly ArtifactName[];
  readonly contest: Contest;
  readonly own: Contender;
  /** All others. */
  readonly rows: readonly Contender[];
  /** Bits per byte, by name. */
  readonly text: ReadonlyMap<string, number>;
}

/**
 * Stores the table. The thinking model goes on where it beats every control; otherwise what the recipe says.
 * @throws ForgeError GATE_FAILED when thinking does not help and the recipe does not want to go on then
 */
export async function reportOn(context: PhaseContext<QuietstarParams>, result: QuietstarResult): Promise<PhaseOutcome> {
  const { input, head, distilled, controls, contest, own, rows: others, isReinforced } = result;
  const { onNoGain, minGain } = context.params;
  const comparisons = others.map((other) => contest.compare(own, other));
  const gain = Math.min(
    ...comparisons.filter(({ than }) => CONTROLS.includes(than)).map(({ difference }) => difference.low),
  );
  const helps = gain > minGain;
  if (!helps && onNoGain === 'fail')
    throw new ForgeError('GATE_FAILED', `${noGain(comparisons, minGain)}, and onNoGain is fail`);
  const passesInput = !helps && onNoGain === 'pass-through';
  const goesOn = { ...(passesInput ? input : result.thinking), role: 'thinking' };
  const figures = { ...figuresOf(result), gain };
  const report: PhaseReport = {
    phase: 'quietstar',
    rows: rowsOf(result),
    results: [passesInput ? 'before' : 'thinking'],
    comparisons,
    figures,
    verdicts: verdictsOf({ comparisons, helps, isReinforced, passesInput, warmStart: context.params.warmStart }),
  };
  const made = [goesOn, ...(distilled ? [distilled] : []), ...controls, head];
  return {
    artifacts: [...made, await storeReport(context, report, [goesOn.id], figures)],
    metrics: passesInput ? { ...figures, regression: 0 } : figures,
    ...(passesInput ? { degraded: `${noGain(comparisons, minGain)}, so the input goes on as it is` } : {}),
  };
}

function rowsOf({ input, thinking, controls, distilled, own, rows, text }: QuietstarResult): ReportRow[] {
  const ids = new Map([
    ['before', input.id],
    ['thinking', thinking.id],
    ...controls.map(({ role, id }) => [role, id] as const),
    ...(distilled ? [['distilled', distilled.id] as const] : []),
  ]);
  return [...rows, own].map(({ name, evaluation }) => {
    const row = familyRow(name, evaluation, ids.get(name));
    return text.has(name) ? { ...row, bitsPerByte: text.get(name)! } : row;
  });
}

function figuresOf({ contest, own, rows }: QuietstarResult): Record<string, number> {
  const before = rows.find(({ name }) => name === 'before')!;
  const shares = [...rows, own].map((each) => [`${camel(each.name)}Accuracy`, contest.accuracy(each)] as const);
  return {
    ...Object.fromEntries(shares),
    beforeAllAccuracy: before.evaluation.accuracy.estimate,
    allAccuracy: own.evaluation.accuracy.estimate,
    regression: before.evaluation.accuracy.estimate - own.evaluation.accuracy.estimate,
  };
}

function noGain(comparisons: readonly Comparison[], minGain: number): string {
  const lost = comparisons.filter(({ than, difference }) => CONTROLS.includes(than) && !(difference.low > minGain));
  return `thinking does not beat ${lost.map(({ than }) => than).join(' and ')} by more than ${minGain}`;
}

function camel(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
