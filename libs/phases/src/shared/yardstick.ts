import type { Part, TaskItem } from '@agent-forge/data';
import type { Model, SequenceScorer } from '@agent-forge/model';
import type { PhaseContext } from '../phase.js';
import { readCorpus, type Corpus } from './corpus.js';
import { evaluateFamilies, familyItems, familyRow, type FamilyEvaluation } from './families.js';
import { bitsPerByte, reportTexts } from './measure.js';
import type { ReportRow } from './report.js';

/** How good a model is: on the run's task families, on its text, or on both. */
export interface Measured {
  readonly tasks?: FamilyEvaluation;
  readonly bitsPerByte?: number;
}

/** What all models of a run are measured on, the same for each. */
export class Yardstick {
  private constructor(
    readonly items: readonly TaskItem[],
    /** Texts of the part, up to a limit; none where the run has no text. */
    readonly texts: readonly string[],
    /** The run's text, where it has some. */
    readonly corpus: Corpus | undefined,
    private readonly context: Pick<PhaseContext, 'threads' | 'signal'>,
  ) {}

  /**
   * @param part `select` for choices, `report` for what leaves the phase
   * @param each items of every family
   * @param round other rounds draw other items
   */
  static async of(
    context: Pick<PhaseContext, 'families' | 'data' | 'seed' | 'artifacts' | 'workDir' | 'threads' | 'signal'>,
    part: Exclude<Part, 'train'>,
    each: number,
    round = 0,
  ): Promise<Yardstick> {
    const { families, data, seed } = context;
    const corpus = data.length > 0 ? await readCorpus(context) : undefined;
    const items = familyItems(families, part, each, `${seed}/${part}/${round}`);
    return new Yardstick(items, corpus ? reportTexts(corpus[part]) : [], corpus, context);
  }

  /** @param scorer of this model, to use again */
  async measure(model: Model, scorer?: SequenceScorer): Promise<Measured> {
    const options = { ...this.context, ...(scorer ? { scorer } : {}) };
    const tasks = this.items.length > 0 ? await evaluateFamilies(model, this.items, options) : undefined;
    const bits = this.texts.length > 0 ? await bitsPerByte(model, this.texts, this.context) : undefined;
    return { ...(tasks ? { tasks } : {}), ...(bits === undefined ? {} : { bitsPerByte: bits }) };
  }
}

/** The line of a report. */
export function rowOf(name: string, { tasks, bitsPerByte: bits }: Measured, artifactId?: string): ReportRow {
  const row = tasks
    ? familyRow(name, tasks, artifactId)
    : { name, ...(artifactId === undefined ? {} : { artifactId }) };
  return bits === undefined ? row : { ...row, bitsPerByte: bits };
}

/** The loss that models are compared by: on tasks in nats per token, on text alone in bits per byte. */
export function lossOf({ tasks, bitsPerByte: bits }: Measured): number {
  return tasks?.loss ?? bits ?? Number.NaN;
}

/** The figures that go into the events of the log: few, by a name like `trunk` or `seedMemory`. */
export function metricsOf(name: string, { tasks, bitsPerByte: bits }: Measured): Record<string, number> {
  const key = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
  return {
    ...(tasks ? { [`${key}Accuracy`]: tasks.accuracy.estimate, [`${key}Loss`]: tasks.loss } : {}),
    ...(bits === undefined ? {} : { [`${key}BitsPerByte`]: bits }),
  };
}
