import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactName } from '@agent-forge/contracts';
import type { PhaseContext } from '../phase.js';
import { lineageOf } from './lineage.js';

/** An estimate with the ends of its 95 % bootstrap interval. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** How good a model is on one task family. */
export interface FamilyScore {
  /** Share of items whose whole answer is right. */
  readonly accuracy: Interval;
  /** Mean negative log-likelihood of the answers, nats per token. */
  readonly loss: number;
  readonly items: number;
}

/** One line of a report's table: something that was measured. */
export interface ReportRow {
  /** What it is, for example `trunk`, `seed-reasoning`, `average`, `champion`, `generalist`, `three-gram`. */
  readonly name: string;
  /** Its artifact, where it is one. */
  readonly artifactId?: string;
  /** Over all families together. */
  readonly accuracy?: Interval;
  /** Nats per token. */
  readonly loss?: number;
  /** exp(loss): of the tokens of answers, or of running text where that is all there is. */
  readonly perplexity?: number;
  /** On running text. */
  readonly bitsPerByte?: number;
  readonly families?: Readonly<Record<string, FamilyScore>>;
  /** Bytes on disk. */
  readonly sizeBytes?: number;
}

/** A paired comparison of two rows on the same items. */
export interface Comparison {
  readonly name: string;
  readonly better: string;
  readonly than: string;
  /** Difference of their accuracies (or of minus bits per byte), with its paired interval. */
  readonly difference: Interval;
}

/** Something that could have been chosen, as it was measured on the select split. */
export interface SelectionRow {
  readonly name: string;
  /** Of its file. */
  readonly sizeBytes: number;
  readonly bitsPerWeight: number;
  /** KL from the teacher, nats for a token. */
  readonly divergence: number;
  readonly accuracy?: number;
  readonly bitsPerByte?: number;
  /** What it keeps of the skill of what came in. */
  readonly retention: Interval;
  /** Whether nothing else is smaller and closer to the teacher. */
  readonly isOnFront: boolean;
  /** Why it could not be chosen; absent where it could. */
  readonly refused?: string;
}

/** Rates of several things for several subjects, such as how far each prompt is followed by each model. */
export interface ScoreTable {
  /** What its cells are, as a line for a person. */
  readonly title: string;
  readonly columns: readonly string[];
  /** A cell for each column; null where there is nothing to measure. */
  readonly rows: readonly { readonly name: string; readonly scores: readonly (Interval | null)[] }[];
}

/** A value beside its control. */
export interface Figure {
  readonly value: Interval;
  readonly control: Interval;
}

/** A key figure of an earlier phase, measured again on the final model. */
export interface Claim {
  readonly phase: string;
  readonly metric: string;
  readonly control: string;
  readonly unit: 'share' | 'bits per byte';
  readonly then: Figure;
  /** On the final model; why it cannot be measured there, where it cannot. */
  readonly now: Figure | string;
  /** Whether the phase had beaten the control beyond doubt. */
  readonly gained: boolean;
  /** The phase behind which it was gone; absent where it holds. */
  readonly lostBy?: string;
}

/** A way to answer with the model: how good it is, and what an answer costs. */
export interface AgentRow {
  /** What it does, in words. */
  readonly name: string;
  readonly accuracy: Interval;
  /** On the select split, by which it was chosen; null where it was not scored there. */
  readonly selected: number | null;
  /** Read and written for an answer, on average. */
  readonly tokens: number;
  /** Whether no other agent is both better and cheaper, on the select split. */
  readonly isOnFront: boolean;
  /** Whether it is the one that goes on. */
  readonly isChosen: boolean;
}

/** What a phase measured, all of it on the report split: the file `report.json` of its report artifact, the same shape for every phase. */
export interface PhaseReport {
  readonly phase: string;
  readonly rows: readonly ReportRow[];
  /** Names of the rows of what goes on to the next phase. */
  readonly results?: readonly string[];
  readonly comparisons: readonly Comparison[];
  /** What was chosen from: the one part of a report that is measured on the select split. */
  readonly selection?: readonly SelectionRow[];
  /** Agents: the single greedy answer, and the front of accuracy and tokens. */
  readonly agents?: readonly AgentRow[];
  /** What earlier phases proved, on this phase's model. */
  readonly claims?: readonly Claim[];
  /** Tables of rates. */
  readonly scores?: readonly ScoreTable[];
  /** Other figures, by name. */
  readonly figures: Readonly<Record<string, number>>;
  /** What follows from them, as true sentences for a person. */
  readonly verdicts: readonly string[];
}

/** Stores a report as an artifact of role `report`. @param others what else goes into its folder, as JSON by the name of its file */
export async function storeReport(
  context: PhaseContext,
  report: PhaseReport,
  parents: readonly string[],
  metrics: Record<string, number>,
  others: Readonly<Record<string, object>> = {},
): Promise<ArtifactName> {
  const dir = join(context.workDir, 'report');
  await mkdir(dir, { recursive: true });
  for (const [name, value] of Object.entries({ 'report.json': report, ...others }))
    await writeFile(join(dir, name), `${JSON.stringify(value, null, 2)}\n`);
  const lineage = lineageOf(report.phase, context, parents, metrics);
  return context.artifacts.putFolder(dir, 'report', { kind: 'report', lineage });
}
