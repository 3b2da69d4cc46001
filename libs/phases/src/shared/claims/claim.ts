import type { Manifest } from '@agent-forge/contracts';
import type { Model } from '@agent-forge/model';
import type { PhaseContext } from '../../phase.js';
import type { Figure, Interval, PhaseReport, ReportRow } from '../report.js';

/** What a phase proves again with, on a model that comes after it. */
export interface ClaimContext<P = Record<string, unknown>> extends Pick<
  PhaseContext<P>,
  'params' | 'families' | 'data' | 'seed' | 'artifacts' | 'workDir' | 'threads' | 'signal'
> {
  /** What the phase measured then. */
  readonly report: PhaseReport;
  /** Of the model that it made. */
  readonly manifest: Manifest;
  /** The later model, its folder, and how it was measured on everything. */
  readonly model: Model;
  readonly folder: string;
  readonly row: ReportRow;
}

/** A key figure of a phase with its control, then and now. */
export interface PhaseClaim {
  readonly metric: string;
  readonly control: string;
  readonly unit: 'share' | 'bits per byte';
  readonly then: Figure;
  /** Whether the phase's paired comparison had beaten the control beyond doubt; when left out, what the two intervals say. */
  readonly gained?: boolean;
  /** On the later model; why it cannot be measured there, where it cannot. */
  readonly now: Figure | string;
}

/** Proves the key figures of a phase again. */
export type ProveAgain<P = Record<string, unknown>> = (context: ClaimContext<P>) => Promise<PhaseClaim[]>;

/** A figure without an interval of its own. */
export function exactly(estimate: number): Interval {
  return { estimate, low: estimate, high: estimate };
}

/** What a row is good at: accuracy, or where there are no tasks bits per byte; undefined where neither was measured. */
export function skillOf({
  accuracy,
  bitsPerByte,
}: ReportRow): (Pick<PhaseClaim, 'unit'> & { value: Interval }) | undefined {
  if (accuracy) return { unit: 'share', value: accuracy };
  return bitsPerByte === undefined ? undefined : { unit: 'bits per byte', value: exactly(bitsPerByte) };
}

/** Whether the phase had beaten its control: beyond doubt, or in bits per byte, which have no interval, at all. */
export function isGain({ unit, then: { value, control }, gained }: PhaseClaim): boolean {
  if (gained !== undefined) return gained;
  return unit === 'share' ? value.low > control.high : value.estimate < control.estimate;
}

/** Whether what was gained is gone: beyond doubt less than it was; of bits per byte, which have no interval, that the control is no longer beaten. */
export function isLost({ unit, then, now }: PhaseClaim): boolean {
  if (typeof now === 'string') return false;
  if (unit === 'share') return now.value.high < then.value.low;
  return then.value.estimate < then.control.estimate && now.value.estimate >= now.control.estimate;
}
