import { Rng } from '@agent-forge/contracts';
import type { Part, TaskItem } from '@agent-forge/data';
import { evaluateText, type Model, type TextEvaluation, type TokenScorer } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { measuredTexts, readCorpus, type Corpus } from './corpus.js';
import { MEASURED_BYTES } from './limits.js';
import { evaluateFamilies, familyItems, familyRow, type FamilyEvaluation } from './families.js';
import type { ReportRow } from './report.js';

/** How good a model is: on the run's task families, on its text, or on both. */
export interface Measured {
  readonly tasks?: FamilyEvaluation;
  readonly text?: TextEvaluation;
}

/** How much is measured, beside the items of each family. */
export interface Draw {
  /** Other rounds draw other items, and texts in another order; round 0, the default, begins at the start of the text. */
  readonly round?: number;
  /** 128 KiB by default. */
  readonly textBytes?: number;
}

/** How a model is measured. */
export interface MeasureOptions {
  /** What computes the model, where it is something else than a session for this. */
  readonly scorer?: TokenScorer;
  /** False for the estimates alone, which take less time; the intervals are NaN then. */
  readonly hasIntervals?: boolean;
}

/** What all models of a run are measured on, the same for each. */
export class Yardstick {
  private constructor(
    readonly items: readonly TaskItem[],
    /** Texts of the part, up to a limit; none where the run has no text. */
    readonly texts: readonly string[],
    /** The run's text, where it has some. */
    readonly corpus: Corpus | undefined,
  ) {}

  /**
   * @param part `select` for choices, `report` for what leaves the phase
   * @param each items of every family
   */
  static async of(
    context: Pick<PhaseContext, 'families' | 'data' | 'seed' | 'artifacts' | 'workDir'>,
    part: Exclude<Part, 'train'>,
    each: number,
    { round = 0, textBytes = MEASURED_BYTES }: Draw = {},
  ): Promise<Yardstick> {
    const { families, data, seed } = context;
    const corpus = data.length > 0 ? await readCorpus(context) : undefined;
    const items = familyItems(families, part, each, `${seed}/${part}/${round}`);
    const texts = [...(corpus?.[part] ?? [])];
    if (round !== 0) Rng.derive(seed, part, 'texts', round).shuffle(texts);
    return new Yardstick(items, measuredTexts(texts, textBytes), corpus);
  }

  async measure(
    model: Model,
    { threads, signal }: Pick<PhaseContext, 'threads' | 'signal'>,
    options: MeasureOptions = {},
  ): Promise<Measured> {
    const { hasIntervals = true, scorer } = options;
    const common = { threads, signal, ...(scorer ? { scorer } : {}) };
    const tasks =
      this.items.length > 0 ? await evaluateFamilies(model, this.items, { ...common, hasIntervals }) : undefined;
    const text = this.texts.length > 0 ? await evaluateText(model, this.texts, common) : undefined;
    return { ...(tasks ? { tasks } : {}), ...(text ? { text } : {}) };
  }
}

/** The line of a report. */
export function rowOf(name: string, { tasks, text }: Measured, artifactId?: string): ReportRow {
  if (tasks) return { ...familyRow(name, tasks, artifactId), ...(text ? { bitsPerByte: text.bitsPerByte } : {}) };
  const row = { name, ...(artifactId === undefined ? {} : { artifactId }) };
  return text ? { ...row, loss: text.loss, perplexity: text.perplexity, bitsPerByte: text.bitsPerByte } : row;
}

/** The loss that models are compared by: on tasks in nats per token, on text alone in bits per byte. */
export function lossOf({ tasks, text }: Measured): number {
  return tasks?.loss ?? text?.bitsPerByte ?? Number.NaN;
}

/** The beginning of the names of a row's figures. */
export function metricKey(name: string): string {
  return name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** The figures that go into the events of the log: few, by a name like `trunk` or `seedMemory`. */
export function metricsOf(
  name: string,
  { tasks, text }: Pick<Measured, 'tasks'> & { text?: { readonly bitsPerByte: number } },
): Record<string, number> {
  const key = metricKey(name);
  return {
    ...(tasks ? { [`${key}Accuracy`]: tasks.accuracy.estimate, [`${key}Loss`]: tasks.loss } : {}),
    ...(text ? { [`${key}BitsPerByte`]: text.bitsPerByte } : {}),
  };
}
